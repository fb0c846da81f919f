// Listens to a layer over a WebSocket with viem and prints what it hears, a line of JSON each, until it is ended.
//
//   node tests/clients/listen.mjs ws://.../live?layer=<layer>

import { createPublicClient, webSocket } from "viem";

const client = createPublicClient({ transport: webSocket(process.argv[2]) });
const say = (heard) => console.log(JSON.stringify(heard));
const onError = (error) => {
  console.error(error);
  process.exit(1);
};

client.watchBlockNumber({ emitMissed: false, onBlockNumber: (block) => say({ block: Number(block) }), onError });
client.watchPendingTransactions({ onTransactions: (hashes) => hashes.forEach((hash) => say({ hash })), onError });
client.watchEvent({ onLogs: (logs) => logs.forEach(({ transactionHash }) => say({ log: transactionHash })), onError });

// One answer after the other on one connection: once this is there, so are the subscriptions before it.
const chainId = await client.getChainId();
await client.transport.getRpcClient().then((rpc) => waitFor(rpc, 3));
say({ ready: chainId });

async function waitFor(rpc, count) {
  while (rpc.subscriptions.size < count) await new Promise((resolve) => setTimeout(resolve, 10));
}

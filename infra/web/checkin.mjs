// What a holder shows at the door and what a verifier makes of it: the mirror of `TicketCheckIn.sol` in JavaScript.
// Runs in a browser and in Node; the only import is viem. Times are unix seconds, ids and times are bigints.
import {
  bytesToBigInt,
  bytesToHex,
  concat,
  hexToBytes,
  numberToHex,
  parseAbi,
  recoverAddress,
  recoverTypedDataAddress,
} from "viem";

/** What pages and doors use of an `EventTicket`. */
export const ticketAbi = parseAbi([
  "struct CheckIn { uint256 ticketId; uint64 validFrom; uint64 validUntil; }",
  "struct Redemption { uint64 time; uint32 gate; address verifier; }",
  "struct Scan { CheckIn checkIn; bytes signature; uint64 time; uint32 gate; }",
  "function checkInWindow() view returns (uint256)",
  "function ownerOf(uint256 tokenId) view returns (address)",
  "function redemptionOf(uint256 id) view returns (Redemption)",
  "function redeem(CheckIn checkIn, bytes signature, uint32 gate)",
  "function report(Scan[] scans) returns (uint256 redeemed)",
  "function checkInKeyOf(address holder) view returns (address)",
  "function setCheckInKey(address key)",
  "event Transfer(address indexed from, address indexed to, uint256 indexed tokenId)",
  "event CheckInKeySet(address indexed holder, address key)",
  "event Redeemed(uint256 indexed ticketId, uint32 indexed gate, address indexed verifier, uint64 time)",
  "event ScanRefused(uint256 indexed ticketId, uint32 indexed gate, address indexed verifier, uint64 time, uint8 why)",
  "error AlreadyRedeemed(uint256 ticketId, Redemption first)",
  "error OutsideWindow(uint256 validFrom, uint256 validUntil, uint256 time, uint256 maxSeconds)",
  "error WrongSigner(uint256 ticketId, address holder)",
  "error ERC721NonexistentToken(uint256 tokenId)",
  "error Unauthorized()",
]);

const TYPES = {
  CheckIn: [
    { name: "ticketId", type: "uint256" },
    { name: "validFrom", type: "uint64" },
    { name: "validUntil", type: "uint64" },
  ],
};

/** The message as EIP-712 has it; `contract` is `{ chainId, address }` of the event's tickets. */
function typedData(contract, checkIn) {
  const { chainId, address: verifyingContract } = contract;
  const domain = { name: "Mayfly ticket", version: "1", chainId, verifyingContract };
  return { domain, types: TYPES, primaryType: "CheckIn", message: checkIn };
}

// ------------------------------------------------------------------------------------------ the holder

/** A message for now: a quarter of the window lies in the past, because clocks of phones and layers differ. */
export function checkInAt(ticketId, nowS, windowS) {
  const validFrom = nowS - windowS / 4n;
  return { ticketId, validFrom, validUntil: validFrom + windowS };
}

/** Signs a message and returns the text of its QR code; `signer` is a local account or a wallet client of viem. */
export async function makeCode(signer, contract, checkIn) {
  const signature = await signer.signTypedData(typedData(contract, checkIn));
  return encodeCode({ contract, checkIn, signature });
}

// -------------------------------------------------------------------------------------------- the code

/** Upper case: with `:` and hex digits all of it is of the QR code's alphanumeric set, which takes the least room. */
const PREFIX = "MAYFLY1:";

/** Bytes of each field, in order; the signature is the rest. */
const FIELDS = [["chainId", 8], ["address", 20], ["ticketId", 32], ["validFrom", 8], ["validUntil", 8]];
const FIELDS_BYTES = FIELDS.reduce((sum, [, bytes]) => sum + bytes, 0);

/** Text of a QR code: the fields, big-endian, in hex. */
export function encodeCode({ contract, checkIn, signature }) {
  const values = { ...checkIn, chainId: contract.chainId, address: BigInt(contract.address) };
  const fields = FIELDS.map(([name, size]) => numberToHex(values[name], { size }));
  return PREFIX + concat([...fields, signature]).slice(2).toUpperCase();
}

/** Reads the text of a QR code. Throws an `Error` that says what is wrong with it. */
export function decodeCode(text) {
  if (!text.startsWith(PREFIX)) throw new Error(`a ticket's code begins with ${PREFIX}`);
  const digits = text.slice(PREFIX.length);
  if (!/^([0-9A-F]{2})*$/.test(digits)) throw new Error("a ticket's code has pairs of the digits 0 to F");
  const bytes = hexToBytes(`0x${digits}`);
  if (bytes.length <= FIELDS_BYTES) {
    throw new Error(`a ticket's code has more than ${FIELDS_BYTES} bytes, this one has ${bytes.length}`);
  }
  const values = {};
  let offset = 0;
  for (const [name, size] of FIELDS) {
    values[name] = bytes.slice(offset, (offset += size));
  }
  const [ticketId, validFrom, validUntil] = ["ticketId", "validFrom", "validUntil"].map((name) => bytesToBigInt(values[name]));
  return {
    contract: { chainId: Number(bytesToBigInt(values.chainId)), address: bytesToHex(values.address) },
    checkIn: { ticketId, validFrom, validUntil },
    signature: bytesToHex(bytes.slice(offset)),
  };
}

// -------------------------------------------------------------------------------------------- the door

/**
 * The list of a door without connection: who holds which ticket, which keys holders have named, what was redeemed.
 * `client` is a public client of viem on the layer.
 */
export async function loadList(client, contract, fromBlock = 0n) {
  const { address } = contract;
  await loadCurve();
  // viem would say what it heard some seconds ago: a ticket sold since would be none.
  const toBlock = await client.getBlockNumber({ cacheTime: 0 });
  const events = (eventName) => client.getContractEvents({ abi: ticketAbi, address, eventName, fromBlock, toBlock });
  const [transfers, keys, redeemed] = await Promise.all(["Transfer", "CheckInKeySet", "Redeemed"].map(events));
  const windowS = await client.readContract({ abi: ticketAbi, address, functionName: "checkInWindow", blockNumber: toBlock });
  return {
    contract,
    windowS,
    block: toBlock,
    holders: new Map(transfers.map(({ args }) => [args.tokenId, args.to.toLowerCase()])),
    keys: new Map(keys.map(({ args }) => [args.holder.toLowerCase(), args.key.toLowerCase()])),
    redeemed: new Map(redeemed.map(({ args }) => [args.ticketId, { time: args.time, gate: args.gate, verifier: args.verifier }])),
  };
}

/** In a browser viem loads the curve for its first signature, which is too late when the connection is gone. */
async function loadCurve() {
  const x = "0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
  await recoverAddress({ hash: x, signature: concat([x, numberToHex(1, { size: 32 }), "0x1b"]) });
}

const NOBODY = "0x0000000000000000000000000000000000000000";

/**
 * What a door without connection makes of a code, in the order of the contract; notes the ticket when it lets it in.
 *
 * `why` is one of `OtherEvent`, `NoTicket`, `AlreadyRedeemed` (with `first`), `OutsideWindow`, `WrongSigner`; without it the
 * holder may go in, and `scan` is what `report` takes later. A wallet that is a contract can only be asked on the layer: it is
 * a `WrongSigner` here.
 */
export async function admit(list, code, gate, nowS, verifier) {
  const { contract, checkIn, signature } = decodeCode(code);
  const { ticketId, validFrom, validUntil } = checkIn;
  const refuse = (why, more) => ({ ticketId, why, ...more });
  if (contract.chainId !== list.contract.chainId || contract.address !== list.contract.address.toLowerCase()) {
    return refuse("OtherEvent");
  }
  const holder = list.holders.get(ticketId) ?? NOBODY;
  if (holder === NOBODY) return refuse("NoTicket");
  const first = list.redeemed.get(ticketId);
  if (first) return refuse("AlreadyRedeemed", { first });
  if (nowS < validFrom || nowS > validUntil || validUntil - validFrom > list.windowS) return refuse("OutsideWindow");
  const signer = await signerOf(contract, checkIn, signature);
  if (signer !== holder && signer !== (list.keys.get(holder) ?? NOBODY)) return refuse("WrongSigner");
  list.redeemed.set(ticketId, { time: nowS, gate, verifier });
  return { ticketId, holder, scan: { checkIn, signature, time: nowS, gate } };
}

/** Whoever signed; undefined for what is no signature. */
async function signerOf(contract, checkIn, signature) {
  try {
    return (await recoverTypedDataAddress({ ...typedData(contract, checkIn), signature })).toLowerCase();
  } catch {
    return undefined;
  }
}

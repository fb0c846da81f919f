// Stripe's own library as the shop: signs deliveries, or judges them.
//
//   node stripe-sign.mjs sign     {"body", "secret", "timestamp"?}    -> {"header", "body"}
//   node stripe-sign.mjs verify   {"header", "body", "secret", "now"} -> {"ok"} or {"ok", "error"}
//
// One JSON object a line on stdin, one answer a line on stdout, in the same order. Times are Unix seconds.
import { createInterface } from 'node:readline';
import Stripe from 'stripe';

// Signing and verifying are local; the key is never used.
const { webhooks } = new Stripe('sk_test_unused');

const verbs = {
  sign({ body, secret, timestamp }) {
    return { header: webhooks.generateTestHeaderString({ payload: body, secret, timestamp }), body };
  },
  verify({ header, body, secret, now }) {
    try {
      webhooks.constructEvent(body, header, secret, undefined, undefined, now * 1000);
      return { ok: true };
    } catch (error) {
      return { ok: false, error: error.message.split('\n')[0] };
    }
  },
};

const verb = verbs[process.argv[2]];
if (!verb) {
  console.error(`usage: stripe-sign.mjs ${Object.keys(verbs).join('|')} < requests.jsonl`);
  process.exit(2);
}
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim()) console.log(JSON.stringify(verb(JSON.parse(line))));
}

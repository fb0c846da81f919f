// The vendors' own libraries as shops: they sign deliveries, or judge them.
//
//   node vendors.mjs sign     {"provider", "body", "secret", "id", "now"}      -> {"headers"}
//   node vendors.mjs verify   {"provider", "headers", "body", "secret", "now"} -> {"ok"} or {"ok", "error"}
//
// One JSON object a line on stdin, one answer a line on stdout, in the same order. Times are Unix seconds. Paddle's and
// Shopify's libraries only judge.
import { createInterface } from 'node:readline';
import { sign as signGitHub, verify as verifyGitHub } from '@octokit/webhooks-methods';
import { Paddle } from '@paddle/paddle-node-sdk';
import '@shopify/shopify-api/adapters/node';
import { shopifyApi } from '@shopify/shopify-api';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';

// Signing and verifying are local; the keys are never used.
const stripe = new Stripe('sk_test_unused').webhooks;
const paddle = new Paddle('unused').webhooks;

const sign = {
  stripe: ({ body, secret, now }) => ({
    'Stripe-Signature': stripe.generateTestHeaderString({ payload: body, secret, timestamp: now }),
  }),
  'standard-webhooks': (request) => message(new Webhook(request.secret), 'webhook', request),
  svix: (request) => message(new SvixWebhook(request.secret), 'svix', request),
  github: async ({ body, secret }) => ({ 'X-Hub-Signature-256': await signGitHub(secret, body) }),
};

const verify = {
  stripe({ headers, body, secret, now }) {
    stripe.constructEvent(body, headers['Stripe-Signature'], secret, undefined, undefined, now * 1000);
  },
  'standard-webhooks': ({ headers, body, secret }) => new Webhook(secret).verify(body, headers),
  svix: ({ headers, body, secret }) => new SvixWebhook(secret).verify(body, headers),
  async github({ headers, body, secret }) {
    refuseUnless(await verifyGitHub(secret, body, headers['X-Hub-Signature-256']));
  },
  async paddle({ headers, body, secret }) {
    refuseUnless(await paddle.isSignatureValid(body, secret, headers['Paddle-Signature']));
  },
  async shopify({ headers, body, secret }) {
    const api = shopifyApi({
      apiKey: 'unused', apiSecretKey: secret, apiVersion: '2025-10', hostName: 'shop.test',
      isEmbeddedApp: false, logger: { level: 0 },
    });
    const rawRequest = { headers: { ...SHOPIFY, ...headers }, method: 'POST', url: '/' };
    const { valid, reason } = await api.webhooks.validate({ rawBody: body, rawRequest, rawResponse: {} });
    refuseUnless(valid, reason);
  },
};

/** What every delivery of Shopify has besides. */
const SHOPIFY = {
  'X-Shopify-API-Version': '2025-10', 'X-Shopify-Shop-Domain': 'example.myshopify.com',
  'X-Shopify-Topic': 'orders/paid', 'X-Shopify-Webhook-Id': 'w1',
};

function message(webhook, prefix, { id, now, body }) {
  return {
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: String(now),
    [`${prefix}-signature`]: webhook.sign(id, new Date(now * 1000), body),
  };
}

function refuseUnless(good, reason = 'no match') {
  if (!good) throw new Error(reason);
}

/** Runs `judge` at the time that the request names: most libraries take no other than the clock's. */
async function at(now, judge) {
  const { Date: RealDate } = globalThis;
  globalThis.Date = class extends RealDate {
    constructor(...given) {
      super(...(given.length ? given : [now * 1000]));
    }
    static now() {
      return now * 1000;
    }
  };
  try {
    return await judge();
  } finally {
    globalThis.Date = RealDate;
  }
}

const verbs = {
  sign: async (request) => ({ headers: await sign[request.provider](request) }),
  async verify(request) {
    try {
      await at(request.now, () => verify[request.provider](request));
      return { ok: true };
    } catch (error) {
      return { ok: false, error: error.message.split('\n')[0] };
    }
  },
};

const verb = verbs[process.argv[2]];
if (!verb) {
  console.error(`usage: vendors.mjs ${Object.keys(verbs).join('|')} < requests.jsonl`);
  process.exit(2);
}
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim()) console.log(JSON.stringify(await verb(JSON.parse(line))));
}

/** The installation's own keys: Ed25519 for what others may check, and codes (HMAC) that only the installation can make. */
import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign as signBytes,
  timingSafeEqual,
  verify as verifyBytes,
} from 'node:crypto';

/** One generation of keys. A retired one has lost its private half: it checks, and signs no more. */
export type SigningKey = {
  id: number;
  /** DER, SubjectPublicKeyInfo. */
  publicKey: Buffer;
  /** DER, PKCS #8. */
  privateKey: Buffer | undefined;
  macKey: Buffer;
};

export type Signature = { keyId: number; signature: Buffer };

export interface Signer {
  /** The key in force. */
  readonly keyId: number;
  /** `purpose` keeps apart what is signed for different ends: a batch of the audit is never taken for a certificate. */
  sign(purpose: string, bytes: Uint8Array): Signature;
  /** False also for a key that was never this installation's. */
  verify(purpose: string, bytes: Uint8Array, signed: Signature): boolean;
  mac(purpose: string, bytes: Uint8Array): Buffer;
  verifyMac(purpose: string, bytes: Uint8Array, made: { keyId: number; mac: Buffer }): boolean;
}

const MAC_KEY_BYTES = 32;

export function newSigningKey(id: number): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    id,
    publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }),
    macKey: randomBytes(MAC_KEY_BYTES),
  };
}

/** SHA-256 of the public key as DER, in hex: what `openssl pkey -pubin -outform der | sha256sum` says. */
export function fingerprintOfKey(publicKey: Uint8Array): string {
  return createHash('sha256').update(publicKey).digest('hex');
}

export function publicKeyPem(publicKey: Buffer): string {
  return toPublicKey(publicKey).export({ format: 'pem', type: 'spki' }).toString();
}

/** Of all generations, of which exactly one still has its private half. */
export function createSigner(keys: readonly SigningKey[]): Signer {
  const ring = new Map(keys.map((key) => [key.id, { key, publicKey: toPublicKey(key.publicKey) }]));
  const [active, ...more] = keys.filter(({ privateKey }) => privateKey !== undefined);
  if (active?.privateKey === undefined || more.length > 0) throw new Error('a signer needs one key in force');
  const privateKey = createPrivateKey({ key: active.privateKey, format: 'der', type: 'pkcs8' });
  const macWith = (macKey: Buffer, purpose: string, bytes: Uint8Array) =>
    createHmac('sha256', macKey).update(prefixOf(purpose)).update(bytes).digest();
  return {
    keyId: active.id,
    sign: (purpose, bytes) => ({
      keyId: active.id,
      signature: signBytes(null, messageOf(purpose, bytes), privateKey),
    }),
    verify(purpose, bytes, { keyId, signature }) {
      const known = ring.get(keyId);
      return known !== undefined && verifyBytes(null, messageOf(purpose, bytes), known.publicKey, signature);
    },
    mac: (purpose, bytes) => macWith(active.macKey, purpose, bytes),
    verifyMac(purpose, bytes, { keyId, mac }) {
      const known = ring.get(keyId);
      if (!known) return false;
      const expected = macWith(known.key.macKey, purpose, bytes);
      return expected.length === mac.length && timingSafeEqual(expected, mac);
    },
  };
}

function toPublicKey(der: Buffer): KeyObject {
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}

function prefixOf(purpose: string): string {
  return `ml-connector ${purpose}\n`;
}

function messageOf(purpose: string, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(prefixOf(purpose)), bytes]);
}

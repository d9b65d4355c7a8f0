/** The signer of test databases: the same in every process of a test, so that each can check what another wrote. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { createSigner, type SigningKey } from '../../src/platform/signing.ts';

const PKCS8_OF_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

export function fixedSigningKey(id: number): SigningKey {
  const privateKey = Buffer.concat([PKCS8_OF_ED25519, Buffer.alloc(32, id)]);
  const publicKey = createPublicKey(createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' }));
  return {
    id,
    publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    privateKey,
    macKey: Buffer.alloc(32, 100 + id),
  };
}

export const TEST_SIGNER = createSigner([fixedSigningKey(1)]);

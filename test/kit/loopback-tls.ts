/** TLS in front of a plain server on this machine, under a certificate made for the occasion, as a billing system inside a network has it. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { createServer } from 'node:tls';

/** One element of DER: its tag, its length, what is in it. */
function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length =
    content.length < 128
      ? [content.length]
      : content.length < 256
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

const sequence = (...parts: readonly Buffer[]) => element(0x30, ...parts);
const hex = (text: string) => Buffer.from(text, 'hex');
const ECDSA_WITH_SHA256 = sequence(element(0x06, hex('2a8648ce3d040302')));
const COMMON_NAME = hex('550403');
const SUBJECT_ALT_NAME = hex('551d11');

/** For 127.0.0.1, until 2049, signed by itself. */
export function makeCertificate(): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(
    element(0x31, sequence(element(0x06, COMMON_NAME), element(0x0c, Buffer.from('127.0.0.1')))),
  );
  const validity = sequence(
    element(0x17, Buffer.from('200101000000Z')),
    element(0x17, Buffer.from('491231235959Z')),
  );
  const address = element(0x04, sequence(element(0x87, hex('7f000001'))));
  const toBeSigned = sequence(
    element(0xa0, element(0x02, hex('02'))),
    element(0x02, hex('01')),
    ECDSA_WITH_SHA256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    element(0xa3, sequence(sequence(element(0x06, SUBJECT_ALT_NAME), address))),
  );
  const signature = element(0x03, hex('00'), sign('sha256', toBeSigned, privateKey));
  const body =
    sequence(toBeSigned, ECDSA_WITH_SHA256, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: ['-----BEGIN CERTIFICATE-----', ...body, '-----END CERTIFICATE-----', ''].join('\n'),
  };
}

export type LoopbackTls = {
  /** What a service needs in its environment to call it. */
  environment: Record<string, string>;
  /** The same server over https. */
  front(url: string): Promise<string>;
  close(): Promise<void>;
};

/** `file`: where the certificate is left for the service. */
export async function startLoopbackTls(file: string): Promise<LoopbackTls> {
  const certificate = makeCertificate();
  await writeFile(file, certificate.cert);
  const servers: ReturnType<typeof createServer>[] = [];
  return {
    environment: { NODE_EXTRA_CA_CERTS: file, ML_ALLOW_PRIVATE_ADDRESSES: '127.0.0.1' },
    async front(url) {
      const server = createServer(certificate, (socket) => {
        const behind = connect(Number(new URL(url).port), '127.0.0.1');
        socket.on('error', () => behind.destroy()).pipe(behind);
        behind.on('error', () => socket.destroy()).pipe(socket);
      });
      servers.push(server);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    close: async () =>
      void (await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))),
  };
}

/** Ties the installation's signer to the database handle, so that it goes along into every transaction and nobody forgets it. */
import type {
  Kysely,
  KyselyPlugin,
  PluginTransformQueryArgs,
  PluginTransformResultArgs,
  QueryResult,
  RootOperationNode,
  UnknownRow,
} from 'kysely';
import type { Signer } from '../platform/signing.ts';

/** Changes no query and no result. */
class SignerPlugin implements KyselyPlugin {
  readonly signer: Signer;

  constructor(signer: Signer) {
    this.signer = signer;
  }

  transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    return node;
  }

  async transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return result;
  }
}

/** The same connections; a signer given later takes an earlier one's place. */
export function withSigner<Schema>(db: Kysely<Schema>, signer: Signer): Kysely<Schema> {
  return db.withPlugin(new SignerPlugin(signer));
}

export function signerOf<Schema>(db: Kysely<Schema>): Signer {
  const found = db.getExecutor().plugins.findLast((plugin) => plugin instanceof SignerPlugin);
  if (found) return found.signer;
  throw new Error('this database handle came without the signer');
}

/** What a route takes from its verb: method, address, and its place in the OpenAPI document. */
import { type Scope, VERBS, type Verb, type VerbSpec } from './contract-verbs.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    verb?: Verb;
  }
}

/** Spread into `app.route({ … })`. */
export function routeOf(verb: Verb) {
  const { method, path } = VERBS[verb];
  return { method, url: path.replaceAll(/\{(\w+)\}/g, ':$1'), config: { verb } };
}

/** Spread into the route's schema, together with `response: { 200: …, ...PROBLEMS }`. */
export function aboutVerb(verb: Verb) {
  const { path, summary } = VERBS[verb];
  return { operationId: verb, summary, tags: [path.split('/')[1] ?? ''] };
}

export function showsSecret(verb: Verb | undefined): boolean {
  const spec: VerbSpec | undefined = verb && VERBS[verb];
  return spec?.showsSecret === true;
}

export function scopeOf(verb: Verb): Scope | null {
  const spec: VerbSpec = VERBS[verb];
  return spec.scope;
}

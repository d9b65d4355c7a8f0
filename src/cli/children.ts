/** Child processes of commands: they inherit our environment, but none of our own settings. */
import { inheritedEnvironment } from '../config.ts';
import type { SimulatorManifest } from '../core/ports.ts';
import * as children from '../platform/children.ts';

export type Child = children.Child;

export function startSimulator(
  simulator: SimulatorManifest,
  options: { port: number; seed: number; more?: readonly string[] },
): Promise<Child> {
  return children.startSimulator(simulator, { ...options, environment: inheritedEnvironment() });
}

export function startChild(args: readonly string[], environment: Record<string, string>): Promise<Child> {
  return children.startChild(args, { ...inheritedEnvironment(), ...environment });
}

/** Figures out of samples, and how they are printed. */

export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function round(value: number, digits = 0): number {
  return Number(value.toFixed(digits));
}

export function printFigures(figures: Record<string, unknown>, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    return;
  }
  for (const [name, value] of Object.entries(figures)) {
    process.stdout.write(
      `${name.padEnd(24)}${typeof value === 'object' ? JSON.stringify(value) : String(value)}\n`,
    );
  }
}

/** Reads "--name value" as a whole number. */
export function readWhole(name: string, text: string): number {
  if (!/^\d{1,7}$/.test(text))
    throw new Error(`--${name} takes a whole number, not ${JSON.stringify(text)}.`);
  return Number(text);
}

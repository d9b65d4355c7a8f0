/** Colours and defaults; the kit's own colours fall short of AA contrast, so text colours are set here for both modes. */
import {
  Badge,
  type CSSVariablesResolver,
  createTheme,
  type MantineColorsTuple,
  Modal,
  Notification,
  Table,
  Tooltip,
} from '@mantine/core';

const COLOURS = ['gray', 'red', 'green', 'blue', 'cyan', 'orange', 'teal', 'yellow'] as const;
const FONT = "'Inter Variable', system-ui, -apple-system, 'Segoe UI', sans-serif";

/** Slightly cool, so that dense tables stay calm. */
const dark: MantineColorsTuple = [
  '#d3d8de',
  '#b8c0ca',
  '#97a1ae',
  '#6b7683',
  '#434d59',
  '#333c47',
  '#262e38',
  '#1b222b',
  '#151b22',
  '#10151b',
];

export const theme = createTheme({
  fontFamily: FONT,
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, monospace",
  headings: { fontFamily: FONT, fontWeight: '600' },
  colors: { dark },
  primaryColor: 'cyan',
  primaryShade: 9,
  autoContrast: true,
  defaultRadius: 'sm',
  cursorType: 'pointer',
  components: {
    Badge: Badge.extend({ styles: { label: { textTransform: 'none', fontWeight: 550 } } }),
    Modal: Modal.extend({ defaultProps: { closeButtonProps: { 'aria-label': 'Close' }, centered: true } }),
    Notification: Notification.extend({
      defaultProps: { closeButtonProps: { 'aria-label': 'Dismiss' } },
      styles: { description: { color: 'var(--mantine-color-text)' } },
    }),
    Table: Table.extend({
      defaultProps: { verticalSpacing: 6, horizontalSpacing: 'sm', borderColor: 'var(--line)' },
    }),
    Tooltip: Tooltip.extend({
      defaultProps: { events: { hover: true, focus: true, touch: true }, multiline: true, maw: 320 },
    }),
  },
});

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#f6f8fa',
    '--mantine-color-dimmed': '#566270',
    '--mantine-color-placeholder': '#5f6b78',
    '--mantine-color-error': 'var(--mantine-color-red-9)',
    '--mantine-color-anchor': '#0b5f73',
    '--surface': '#ffffff',
    '--line': '#dde3e9',
    '--chart-synced': '#0b7285',
    '--chart-parked': '#d9480f',
    '--chart-other': '#adb5bd',
    '--json-string': '#1b6b35',
    '--json-number': '#7a3e00',
    '--json-word': '#5b2a86',
    ...Object.fromEntries(
      COLOURS.map((name) => [
        `--mantine-color-${name}-light-color`,
        `color-mix(in srgb, var(--mantine-color-${name}-9), black 45%)`,
      ]),
    ),
  },
  dark: {
    '--mantine-color-body': '#10151b',
    '--mantine-color-dimmed': '#a3adb9',
    '--mantine-color-placeholder': '#97a1ae',
    '--mantine-color-error': 'var(--mantine-color-red-4)',
    '--mantine-color-anchor': '#66d9e8',
    '--surface': '#171d25',
    '--line': '#2a333e',
    '--chart-synced': '#3bc9db',
    '--chart-parked': '#ff922b',
    '--chart-other': '#5c6773',
    '--json-string': '#8ce99a',
    '--json-number': '#ffc078',
    '--json-word': '#d0bfff',
    ...Object.fromEntries(
      COLOURS.flatMap((name) => [
        [`--mantine-color-${name}-light-color`, `var(--mantine-color-${name}-1)`],
        [
          `--mantine-color-${name}-light`,
          `color-mix(in srgb, var(--mantine-color-${name}-6) 22%, transparent)`,
        ],
      ]),
    ),
  },
});

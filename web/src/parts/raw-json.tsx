/** Raw data as a tree that can be folded, in our own colours. */
import { JsonView } from 'react-json-view-lite';

const STYLE = {
  container: 'json',
  basicChildStyle: 'json-child',
  childFieldsContainer: '',
  label: 'json-label',
  clickableLabel: 'json-label',
  nullValue: 'json-word',
  undefinedValue: 'json-word',
  booleanValue: 'json-word',
  otherValue: 'json-word',
  numberValue: 'json-number',
  stringValue: 'json-string',
  punctuation: 'json-mark',
  expandIcon: 'json-icon json-expand json-mark',
  collapseIcon: 'json-icon json-collapse json-mark',
  collapsedContent: 'json-more json-mark',
  noQuotesForStringValues: false,
  quotesForFieldNames: false,
  stringifyStringValues: false,
  ariaLables: { collapseJson: 'Fold', expandJson: 'Unfold' },
};

export function RawJson({ data, label }: { data: unknown; label: string }) {
  const tree = typeof data === 'object' && data !== null ? data : { value: data };
  return <JsonView data={tree} style={STYLE} aria-label={label} shouldExpandNode={(level) => level < 3} />;
}

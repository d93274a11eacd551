import { expect, test } from 'vitest';
import { picture } from '../../src/serve/http/bodyChecks.ts';

test.each([
  'iVBORw0KGgo=',
  'iVBO\r\nRw0K\n',
  ' AAAA== \n',
  'AAA=\n=\n',
  'data:image/png;base64,AAAA',
  'a-_b',
  'AA=\n',
  ' \n',
])('%j is base64', (text) => expect(picture.safeParse(text).success).toBe(true));

test.each([
  '',
  '=',
  'AAA===',
  'AA=A',
  'A!',
  'data:image/png,AAAA',
  'data:;base64,AAAA',
  'data:image/png;base64,',
  'AAAA=\n=\n=',
  'AA= A',
  'é',
])('%j is not', (text) => expect(picture.safeParse(text).success).toBe(false));

// A pattern that looks back would take days for some of these, or the engine's whole stack.
test.each([
  ['spaces', `A${' '.repeat(2 ** 22)}!`],
  ['lines', `A${'\n'.repeat(2 ** 22)}!`],
  ['padding and spaces', `A=${' '.repeat(2 ** 21)}=${' '.repeat(2 ** 21)}!`],
  ['letters', `${'A'.repeat(2 ** 22)}!`],
  ['a data URL', `data:${'a'.repeat(2 ** 22)}`],
])('a long text of %s that is none is refused at once', (_, text) => {
  expect(picture.safeParse(text).success).toBe(false);
});

import { expect, test } from 'vitest';

import { exchange } from '../client.js';

test('code for Workers', async () => {
  const { answer, resolvedAddress } = await exchange(process.env.ADDRESS, 'winter');
  expect(answer).toBe('winter');
  expect(resolvedAddress).toBe(process.env.ADDRESS);
});

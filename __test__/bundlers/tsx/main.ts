import { exchange } from '../client.js';

interface Result {
  answer: string;
  resolvedAddress: string;
}

const result: Result = await exchange(process.env.ADDRESS, 'winter');
console.log(JSON.stringify(result));

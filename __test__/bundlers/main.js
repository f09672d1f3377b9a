import { exchange } from './client.js';

// No `await` at the top level, which CommonJS output can't have.
exchange(process.env.ADDRESS, 'winter').then((result) => console.log(JSON.stringify(result)));

// SPDX-License-Identifier: MIT
//
// duckdb: MODULES STATEMENT...: runs SQL statements in the current folder, one after the other, in one DuckDB. Each prints
// its rows as one line of JSON: an array of arrays of text, '' for NULL.
'use strict';
const [modules, ...statements] = process.argv.slice(2);
const { DuckDBInstance } = require(`${modules}/@duckdb/node-api`);

async function main() {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  for (const statement of statements) {
    const result = await connection.runAndReadAll(statement);
    console.log(JSON.stringify(result.getRowsJson().map((row) => row.map((value) => value ?? ''))));
  }
}

main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});

// SPDX-License-Identifier: MIT
// fs.promises: the calls are made by the thread pool, not by the thread that opened the file.
const fs = require("fs").promises;

async function main(folder) {
  const file = await fs.open(folder + "/promised", "w");
  for (let i = 0; i < 10; i++) await file.write(Buffer.alloc(1000, 65 + i));
  await file.close();
  const copy = await fs.readFile(folder + "/promised");
  await fs.writeFile(folder + "/copied", copy);
  await fs.unlink(folder + "/promised");
}

main(process.argv[2]);

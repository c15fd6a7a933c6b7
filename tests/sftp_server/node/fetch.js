// Fetches a folder with all that is below it: node fetch.js HOST PORT USER KEY_FILE FROM TO
const fs = require('fs');
const Client = require('ssh2-sftp-client');

async function main([host, port, username, key, from, to]) {
  const client = new Client();
  await client.connect({ host, port: Number(port), username, privateKey: fs.readFileSync(key) });
  try {
    await client.downloadDir(from, to);
  } finally {
    await client.end();
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exit(1);
});

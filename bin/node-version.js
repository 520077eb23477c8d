/** Imported first: ends the process with a plain sentence where Node is too old for the rest. */
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 9)) {
  console.error(
    `This needs Node.js 20.9 or newer, but runs in ${process.versions.node}; see https://nodejs.org`,
  )
  process.exit(1)
}

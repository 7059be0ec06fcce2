// JSON alone: Node's own codec.
//
//   node codec.mjs OPERATION FILE COUNT

import { readFileSync } from 'node:fs'

const [operation, file, count] = process.argv.slice(2)
const text = readFileSync(file, 'utf8')
const value = JSON.parse(text)
let records = 0
let sum = 0
let length = 0

function tally(decoded, times) {
  const list = Array.isArray(decoded) ? decoded : [decoded]
  for (const record of list) {
    records += times
    sum += times * record.numInstalls
  }
}

const cpuStart = process.cpuUsage()
const wallStart = performance.now()
for (let i = 0; i < +count; i++) {
  if (operation === 'decode') tally(JSON.parse(text), 1)
  else length += JSON.stringify(value).length
}
const wall = (performance.now() - wallStart) / 1e3
const { user, system } = process.cpuUsage(cpuStart)

if (operation === 'encode') {
  // Every text had the same length; what one of them holds counts for all.
  const last = JSON.stringify(value)
  tally(JSON.parse(last), length / last.length)
}
console.log(JSON.stringify({ records, sum, cpu: (user + system) / 1e6, wall }))

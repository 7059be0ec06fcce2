// Node's fetch, which keeps its connections by itself. Extra authorities
// come from NODE_EXTRA_CA_CERTS.
//
//   node fetch.mjs OPERATION BASE CA_FILE COUNT WIDTH

const [operation, base, , count, width] = process.argv.slice(2)
const headers = { authorization: 'Bearer bench' }
const tally = { records: 0, sum: 0 }

const path = (i) =>
  '/v1/connectors/54fa0b38a7044f92' + (i % 50).toString(16).padStart(8, '0')

async function get(url) {
  const response = await fetch(url, { headers })
  if (!response.ok) throw new Error(`${url}: ${response.status}`)
  return response
}

function connectors(list) {
  tally.records += list.length
  for (const record of list) tally.sum += record.numInstalls
}

const operations = {
  async get() {
    for (let i = 0; i < +count; i++)
      connectors([await (await get(base + path(i))).json()])
  },
  async list() {
    for (let i = 0; i < +count; i++)
      connectors(await (await get(base + '/v1/connectors')).json())
  },
  async map() {
    let next = 0
    const worker = async () => {
      while (next < +count) {
        const response = await get(base + path(next++) + '/licenses')
        const list = await response.json()
        tally.records += list.length
        for (const license of list) tally.sum += license.opts.seats
      }
    }
    await Promise.all(Array.from({ length: +width }, worker))
  },
  async walk() {
    let url = base + '/v1/connectors?limit=1000'
    while (url) {
      const response = await get(url)
      connectors(await response.json())
      url = response.headers.get('link')?.match(/<([^>]*)>; rel="next"/)?.[1]
    }
  }
}

const cpuStart = process.cpuUsage()
const wallStart = performance.now()
await operations[operation]()
const wall = (performance.now() - wallStart) / 1e3
const { user, system } = process.cpuUsage(cpuStart)
console.log(JSON.stringify({ ...tally, cpu: (user + system) / 1e6, wall }))
process.exit(0)

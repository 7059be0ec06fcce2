--- The benchmark's records: deterministic, about 1 KB each, shaped like what
-- the service sends: empty arrays, `"_id": false`, relative image URLs,
-- members that no contract names, text with escapes and non-ASCII letters.

local data = {}

data.IDS = 50 -- connectors that can be asked for by id
data.PAGE = 1000 -- records on one page of a list
data.PAGES = 20
data.LICENSES = 20 -- licenses of each connector

--- Name of the file with connector i (from 0), or with its licenses.
-- @tparam string kind `connector` or `licenses`
function data.name(kind, i)
  return ("%s-54fa0b38a7044f92%08x"):format(kind, i % data.IDS)
end

local CONNECTOR = [[
{"_id":"54fa0b38a7044f92%08x","name":"Orders to ledger, edition %d",
"description":"Moves orders, refunds and payouts \"as booked\" into the
 ledger, caf\u00e9 by café; one entry per line.\nSecond paragraph: retries
 what failed overnight and mails a summary to the owner of each store.",
"imageURL":"/images/icons/orders-%d.png",
"websiteURL":"https://www.example.com/integrations/orders-%d",
"contactEmail":"support+%d@example.com","handle":"orders-to-ledger-%d",
"published":%s,"managed":false,"_integrationId":"55fa0b38a7044f92%08x",
"_stackId":"56fa0b38a7044f92%08x","installerFunction":"installOrders",
"updateFunction":"updateOrders","preUninstallFunction":null,
"uninstallerFunction":"uninstallOrders",
"lastModified":"2026-%02d-%02dT08:%02d:17.%03dZ","_sharedImportIds":[],
"_sharedExportIds":[],"_iClientIdMap":[{"_id":false,"_iClientIds":
["57fa0b38a7044f92%08x"],"connection":{"type":"http"}}],
"applications":["shopify","netsuite"],"numInstalls":%d,"trialEnabled":%s,
"trialPeriod":30,"framework":"twoDotZero","weight":%.4f}]]

local LICENSE = [[
{"_id":"64fa0b38a7044f92%08x","created":"2025-%02d-%02dT10:%02d:00.000Z",
"expires":"2027-%02d-%02dT00:00:00.000Z","type":"integrationApp",
"_connectorId":"54fa0b38a7044f92%08x",
"_integrationId":"55fa0b38a7044f92%08x","trialEndDate":null,
"sandbox":false,"resumable":false,"opts":{"connectorEdition":"premium",
"seats":%d,"addonLicenses":[{"type":"store","licenses":[
{"addOnEdition":"standard"},{"addOnEdition":"premium"}]},
{"type":"warehouse","licenses":[]}]},
"user":{"email":"owner+%d@shop-%d.example.com",
"_id":"65fa0b38a7044f92%08x","name":"Renée O\u2019Neil %d"},
"notes":"Renewed by phone; the \"gold\" discount holds until the end of the
 year.\nAsked for an invoice in two parts, with the order number on each,
 and for a reminder thirty days before the license ends. The account's
 new owner signs from then on; the old address stays on copy.",
"history":[{"at":"2025-11-02T09:30:00.000Z","by":"billing"},
{"at":"2026-11-02T09:30:00.000Z","by":"billing"}]}]]

-- The templates are broken into lines for the reader only.
CONNECTOR = CONNECTOR:gsub("\n", "")
LICENSE = LICENSE:gsub("\n", "")

--- The i-th connector (from 0) and its numInstalls.
local function connector(i)
  local installs = i * 7 % 1000
  return CONNECTOR:format(i, i, i, i, i, i, i % 3 == 0, i, i, i % 12 + 1,
    i % 28 + 1, i % 60, i % 1000, i, installs, i % 2 == 0, i / 7), installs
end

--- The i-th license (from 0) of a connector, and its seats.
local function license(owner, i)
  local seats = (owner * 31 + i * 17) % 500
  return LICENSE:format(owner * data.LICENSES + i, i % 12 + 1, i % 28 + 1,
    i % 60, i % 12 + 1, i % 28 + 1, owner, owner, seats, i, owner, i, i),
    seats
end

--- JSON array of `n` records by make(i), from the `first` on; and their sum.
local function array(make, first, n)
  local texts, sum = {}, 0
  for i = 1, n do
    local number
    texts[i], number = make(first + i - 1)
    sum = sum + number
  end
  return "[" .. table.concat(texts, ",") .. "]", sum
end

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

--- Writes every file under `dir` and returns what a right answer holds:
-- tables of { records, sum, bytes } by file name.
-- @tparam string dir an existing, empty directory
function data.write(dir)
  local known = {}
  local function put(name, records, text, sum)
    write(dir .. "/" .. name .. ".json", text)
    known[name] = { records = records, sum = sum, bytes = #text }
  end
  for i = 0, data.IDS - 1 do
    put(data.name("connector", i), 1, connector(i))
    put(data.name("licenses", i), data.LICENSES,
      array(function(k) return license(i, k) end, 0, data.LICENSES))
  end
  for page = 0, data.PAGES - 1 do
    put("page-" .. page, data.PAGE,
      array(connector, page * data.PAGE, data.PAGE))
  end
  return known
end

-- The file that answers the i-th request (from 0) of an operation.
local ANSWERS = {
  get = function(i) return data.name("connector", i) end,
  list = function() return "page-0" end,
  map = function(i) return data.name("licenses", i) end,
  walk = function(i) return "page-" .. i end,
  consume = function(i) return "page-" .. i end,
}

--- What a right run of a workload gives: { records, sum, bytes }.
-- @tparam table known what `write` returned
-- @tparam table workload see bench/workloads.lua
-- @tparam integer count how many requests, or times
function data.expected(known, workload, count)
  local total = { records = 0, sum = 0, bytes = 0 }
  if workload.operation == "require" then return total end
  local answer = ANSWERS[workload.operation]
    or function() return workload.file end
  for i = 0, count - 1 do
    for field, value in pairs(known[answer(i)]) do
      total[field] = total[field] + value
    end
  end
  return total
end

return data

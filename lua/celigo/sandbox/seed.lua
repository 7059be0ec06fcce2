--- The records that a sandbox starts with. They look like those of the
-- service: empty arrays as a rule, `"_id": false`, relative image URLs, and
-- members that no contract names. Ids are the same in every run; dates of
-- expiry are counted from now.

local store = require "celigo.sandbox.store"
local rawjson = require "celigo.sandbox.rawjson"
local loop = require "celigo.sandbox.loop"

local DAY = 86400000 -- milliseconds

local function id(kind, number)
  return ("54fa0b38a7044f92%02x%06x"):format(kind, number)
end

local KIND = {
  connector = 0x52, license = 0x53, integration = 0x54, user = 0x55,
  stack = 0x56, client = 0x57,
}

-- Four sorts of connector; a seed of N goes round them.
local sorts = {
  { -- in use: every function, an edition, add-ons
    name = "Storefront to Ledger",
    members = [=["description":"Orders, refunds and payouts, both ways.",
      "imageURL":"/images/icons/storefront.png",
      "websiteURL":"https://storefront.example.com",
      "contactEmail":"support@storefront.example.com",
      "published":true,"managed":false,
      "_integrationId":"$integration","_stackId":"$stack",
      "installerFunction":"runInstaller","updateFunction":"runUpdate",
      "preUninstallFunction":"beforeUninstall",
      "uninstallerFunction":"runUninstaller",
      "_sharedImportIds":[],"_sharedExportIds":[],
      "_iClientIdMap":[{"_id":false,"_iClientIds":["$client"],
        "connection":{"type":"storefront"}}],
      "applications":["storefront","ledger"],
      "framework":"oneDotZero","installSteps":[],"settings":{}]=],
    licenses = {
      { days = 200, installed = true, opts = [=[{"connectorEdition":"premium",
        "addonLicenses":[{"type":"store",
        "licenses":[{"addOnEdition":"standard"}]}]}]=] },
      { days = 9, installed = true,
        opts = [[{"connectorEdition":"standard","addonLicenses":[]}]] },
      { days = -20, installed = true,
        opts = [[{"connectorEdition":"starter"}]] },
      { days = 30, opts = [[{"connectorEdition":"starter"}]] },
    },
  },
  { -- open for trials
    name = "Parcel Tracker",
    members = [=["description":"Shipments from carriers to the help desk.",
      "imageURL":"/images/icons/parcel.png",
      "websiteURL":"https://parcel.example.com",
      "contactEmail":"help@parcel.example.com",
      "published":true,"managed":true,
      "_integrationId":"$integration","_stackId":"$stack",
      "installerFunction":"install","updateFunction":"update",
      "_sharedImportIds":["$import"],"_sharedExportIds":[],
      "_iClientIdMap":[],"applications":["parcel"],
      "trialEnabled":true,"trialPeriod":30,"_trialLicenseId":"$license",
      "oAuthServerFlow":{"_iClientId":"$client"},
      "framework":"twoDotZero","_parentId":null]=],
    licenses = {
      { days = 3650, opts = [[{"connectorEdition":"trial"}]] },
      { days = 12, installed = true, trial = true,
        opts = [[{"connectorEdition":"trial","addonLicenses":[]}]] },
    },
  },
  { -- a draft: nothing to install, no licenses
    name = "Payroll Export",
    members = [=["description":"","published":false,
      "_sharedImportIds":[],"_sharedExportIds":[],"_iClientIdMap":[],
      "applications":[],"settings":{}]=],
    licenses = {},
  },
  { -- published without a stack, and with an address that nobody reads
    name = "Warehouse Bridge",
    members = [=["imageURL":"/images/icons/warehouse.png",
      "contactEmail":"nobody@warehouse.invalid",
      "published":true,"managed":false,
      "_integrationId":"$integration",
      "_sharedImportIds":[],"_sharedExportIds":[],"_iClientIdMap":[],
      "applications":["warehouse"]]=],
    licenses = {
      { days = -90, opts = "{}" },
    },
  },
}

local people = {
  { "ada", "Ada Byrne" }, { "bruno", "Bruno Castel" },
  { "chidi", "Chidi Danso" }, { "dora", "Dora Eklund" },
  { "emil", "Emil Farkas" },
}

-- A record from JSON text; line breaks of the text above are left out.
local function parse(text)
  return store.record(assert(rawjson.members((text:gsub("\n%s*", "")))))
end

local function add_license(db, connector, n, spec, now)
  local connector_id = connector:get("_id")
  local person = people[n % #people + 1]
  local record = store.record {}
  local license_id = id(KIND.license, n)
  record:set("_id", license_id)
  record:set("created", store.timestamp(now - (n % 300 + 40) * DAY))
  record:set("expires", store.timestamp(now + spec.days * DAY))
  record:set_raw("opts", (spec.opts:gsub("\n%s*", "")))
  local user = ('{"email":"%s%d@example.com"}'):format(person[1], n)
  if spec.installed then
    user = ('{"email":"%s%d@example.com","_id":"%s","name":"%s"}'):format(
      person[1], n, id(KIND.user, n), person[2])
  end
  record:set_raw("user", user)
  record:set_raw("trialStarted", spec.trial and "true" or "false")
  if spec.installed then
    local integration = id(KIND.integration, n)
    record:set("_integrationId", integration)
    db:add_install(connector, parse(([[{"_integrationId":"%s",
      "name":"%s","tag":"","_licenseId":"%s","user":%s,
      "version":"1.%d.0","created":"%s","lastModified":"%s",
      "sandbox":false,"settings":{}}]]):format(
        integration, connector:get("name"), license_id, user, n % 4,
        store.timestamp(now - 30 * DAY), store.timestamp(now - 3 * DAY))))
  end
  db.licenses[connector_id]:add(license_id, record)
end

local function add_connector(db, number, first_license, now)
  local sort = sorts[(number - 1) % #sorts + 1]
  local round = (number - 1) // #sorts
  local names = {
    integration = id(KIND.integration, 0x800000 + number),
    stack = id(KIND.stack, number),
    client = id(KIND.client, number),
    import = id(KIND.client, 0x800000 + number),
    license = id(KIND.license, first_license),
  }
  local name = round == 0 and sort.name or sort.name .. " " .. round + 1
  local record = parse(('{"_id":"%s","name":"%s",%s}'):format(
    id(KIND.connector, 0x35 + number), name,
    (sort.members:gsub("%$(%a+)", names))))
  record:set("handle", ("%06x"):format(0xA00000 + number * 7919 % 0x500000))
  record:set("lastModified", store.timestamp(now - number % 60 * DAY))
  record:set_raw("numInstalls", "0")
  db:add_connector(record)
  for i, license in ipairs(sort.licenses) do
    add_license(db, record, first_license + i - 1, license, now)
  end
  return first_license + #sort.licenses
end

--- Fills an empty store with so many connectors; the first four differ.
local function fill(db, count)
  local now = math.floor(loop.now() * 1000)
  local license = 1
  for number = 1, count do
    license = add_connector(db, number, license, now)
  end
end

return { fill = fill, default_count = #sorts }

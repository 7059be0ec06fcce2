--- What renew_licenses does to one license: the actions, and what became of
-- them. A job's `status` is `waiting`, `reading`, `writing`, and in the end
-- `done`, `failed`, `unknown` (sent, and not known to be done) or `untried`.

local celigo = require "celigo"
local arguments = require "recipe.arguments"
local plain = require "recipe.plain"
local recipe = require "recipe"
local records = require "recipe.records"

local renewals = {}

local DAY = 86400 -- seconds

-- {====== Actions
--
-- Each checks its value, and returns a function that changes a license: it
-- gets the license, and a function that finds an edition. That returns what
-- it does and whether there is something to write, or nil and what is wrong.
-- What it cannot take is nil and what was expected.

local actions = {}

-- Setting `expires` ends a trial.
local function set_expiry(license, seconds)
  license.expires = celigo.timestamp(seconds)
  license.trialEndDate = nil
  return license.expires
end

-- The last second of a day such as 2026-12-31, or nil.
local function last_second(value)
  return value:find "^%d%d%d%d%-%d%d%-%d%d$" and celigo.parse_timestamp(value .. "T23:59:59Z") or nil
end

function actions.extend(value)
  local days = arguments.days(value)
  local last_day = last_second(value)
  if not days and not last_day then
    return nil, arguments.count(value) and "leads beyond the year 9999"
      or "expected days, or a date such as 2026-12-31"
  end
  if last_day and last_day < os.time() then return nil, "is in the past" end
  return function(license)
    local ending, member = records.ending(license)
    if not ending then return nil, "it has no date on which it ends: an extension would give it one" end
    local last = last_day or math.max(ending, os.time()) + days * DAY
    local from = license[member]
    if last > arguments.LAST then return nil, ("extend from %s leads beyond the year 9999"):format(from) end
    if last < math.floor(ending) then
      return nil, ("it ends on %s, later than %s: an extension does not shorten"):format(from, value)
    end
    if last == math.floor(ending) and member == "expires" then return ("ends on %s already"):format(from), false end
    return ("extend from %s to %s"):format(from, set_expiry(license, last)), true
  end
end

local function upgrade_newer(license, edition)
  local old = records.text(license, "_editionId")
  if old == edition.id then return ("has %s already"):format(edition.name), false end
  license._editionId = edition.id
  return ("upgrade from %s to %s"):format(old or "none", edition.name), true
end

function actions.upgrade(value)
  if value == "" then return nil, "expected an edition" end
  return function(license, find_edition)
    local is_newer, edition, problem = find_edition(value)
    if problem then return nil, problem end
    if is_newer then return upgrade_newer(license, edition) end
    local opts = records.opts(license)
    local old = records.text(license, "opts", "connectorEdition")
    if old == value then return ("has %s already"):format(value), false end
    opts.connectorEdition = value
    return ("upgrade from %s to %s"):format(old or "none", value), true
  end
end

function actions.expire(value)
  if value ~= "" then return nil, "expected no value" end
  return function(license)
    local now = os.time()
    local ending = records.ending(license)
    if ending and ending <= now then return "expired already", false end
    set_expiry(license, now)
    return "expire now", true
  end
end

-- }======

--- The job of a row of the file, or nil and what is wrong with it.
function renewals.job_of(row)
  for _, name in ipairs { "connector_id", "license_id", "action" } do
    if row[name] == "" then return nil, name .. " is missing" end
  end
  for _, name in ipairs { "connector_id", "license_id" } do
    local id, problem = arguments.id(row[name])
    if not id then return nil, ("%s %s"):format(name, problem) end
  end
  local action = actions[row.action]
  if not action then return nil, ("action '%s': expected extend, upgrade or expire"):format(row.action) end
  local change, expected = action(row.value)
  if not change then return nil, ("%s: value '%s': %s"):format(row.action, row.value, expected) end
  return {
    line = row.line, connector = row.connector_id, license = row.license_id, action = row.action, change = change,
    status = "waiting",
  }
end

--- A function that finds the editions of connectors, each read once. It gets
-- a connector's id, and returns a function of a word: whether the connector
-- is of the newer framework, the edition, what is wrong.
function renewals.edition_finder(client)
  local connectors = {}
  return function(id)
    return function(word)
      local connector = connectors[id] or recipe.get_connector(client, id)
      connectors[id] = connector
      if not records.is_newer(connector) then return false end
      local edition = records.find_edition(connector, word)
      if edition then return true, edition end
      local names = {}
      for _, known in ipairs(records.editions(connector)) do names[#names + 1] = known.name end
      return true, nil, ("the connector has no edition %s; there are: %s"):format(
        word, #names > 0 and plain.list(names) or "none")
    end
  end
end

-- {====== One job

-- What an answer tells of a member that was sent: nil where it was taken.
local function refused(sent, returned, ...)
  local wanted, got = records.text(sent, ...), records.text(returned, ...)
  if wanted == got or wanted == nil then return nil end
  local is_time = select("#", ...) == 1 and (...) == "expires"
  if is_time and got and celigo.parse_timestamp(wanted) == celigo.parse_timestamp(got) then return nil end
  return ("%s (it is %s)"):format(table.concat({ ... }, "."), got or "not there")
end

-- Whether a path, or a member of it, is told already.
local function is_told(told, path)
  for known in pairs(told) do
    if known == path or known:sub(1, #path + 1) == path .. "." then return true end
  end
  return false
end

-- What the service did not take of a write that it answered with 200, in
-- words; nil where it took all.
local function not_taken(sent, returned, response)
  local words, told = {}, {}
  for _, path in ipairs { { "expires" }, { "_editionId" }, { "opts", "connectorEdition" } } do
    local word = refused(sent, returned, table.unpack(path))
    if word then
      words[#words + 1] = word
      told[table.concat(path, ".")] = true
    end
  end
  for _, paths in ipairs { response.dropped or {}, response.changed or {} } do
    for _, path in ipairs(paths) do
      if not is_told(told, path) then words[#words + 1] = path end
      told[path] = true
    end
  end
  return #words > 0 and plain.list(words) or nil
end

local function settle(job, status, detail)
  job.status, job.detail = status, detail
end

local function copy(license)
  return assert(celigo.json.decode(assert(celigo.json.encode(license))))
end

local function renew(client, job, editions, dry_run)
  local said, write, problem, sent
  job.status = "reading"
  local license, response = client:edit_connector_license(job.connector, job.license, function(record)
    said, write = job.change(record, editions(job.connector))
    if not said then said, write, problem = nil, false, write end
    if not write then return false end
    sent = copy(record)
    if not dry_run then job.status, job.detail = "writing", said end
    return record
  end, { dry_run = dry_run })
  if problem then return settle(job, "failed", problem) end
  if not license then
    return settle(job, response.maybe_applied and "unknown" or "failed",
      said and ("%s: %s"):format(said, plain.words(response)) or plain.words(response))
  end
  if not write then return settle(job, "done", said) end
  if dry_run then return settle(job, "done", "would " .. said) end
  if type(license) ~= "table" or next(license) == nil then -- a good answer, which does not show what it has become
    return settle(job, "unknown", said .. ": the answer holds no record")
  end
  local lost = not_taken(sent, license, response)
  if lost then return settle(job, "failed", ("%s: the service did not take %s"):format(said, lost)) end
  settle(job, "done", said)
end

--- Does the jobs of one license; the first that is not done ends them.
function renewals.renew_all(client, jobs, editions, dry_run)
  local blocked = false
  for _, job in ipairs(jobs) do
    if blocked then
      settle(job, "untried", "a line before it was not done")
    else
      -- Whatever it raises is this line's: others are done already.
      local good, problem = pcall(renew, client, job, editions, dry_run)
      if not good then
        local is_unknown = job.status == "writing" and not (celigo.is_error(problem) and not problem.maybe_applied)
        settle(job, is_unknown and "unknown" or "failed", plain.words(problem))
      end
      blocked = job.status ~= "done"
    end
  end
end

--- Gives a job that the run has left in the middle its end.
function renewals.settle(job)
  if job.status == "writing" then
    settle(job, "unknown", ("%s: the answer was not waited for"):format(job.detail))
  elseif job.status == "reading" or job.status == "waiting" then
    settle(job, "untried", "the run ended before")
  end
end

-- }======

return renewals

--- Extends, upgrades or expires licenses as a CSV file says, for a
-- subscription system.
--
--     lua5.4 examples/renew_licenses.lua --dry-run renewals.csv
--
-- The columns are connector_id, license_id, action, value:
--
--     extend   value: days, added to what is left; or the date of the last
--              day, which may be run twice
--     upgrade  value: the edition
--     expire   no value: ends now
--
-- Every line is checked before anything is sent. Lines of one license are
-- done in their order, licenses side by side.

package.path = (arg[0]:match "^(.*/)[^/]*$" or "./") .. "?.lua;" .. package.path
local recipe = require "recipe"
local celigo = require "celigo"
local csv = require "csv"

local DAY = 86400 -- seconds

-- Each action checks its value, and returns a function that changes a
-- license and says what it does, or nil and what was expected.
local actions = {}

local function expiry_of(license)
  return type(license.expires) == "string" and celigo.parse_timestamp(license.expires) or nil
end

function actions.extend(value)
  local days = recipe.days(value)
  local last_day = celigo.parse_timestamp(value .. "T23:59:59Z")
  if not days and not last_day then
    return nil, recipe.count(value) and "leads beyond the year 9999" or "expected days, or a date such as 2026-12-31"
  end
  return function(license)
    local from = math.max(expiry_of(license) or 0, os.time())
    local last = last_day or from + days * DAY
    if last > recipe.LAST then error(("extend from %s leads beyond the year 9999"):format(license.expires), 0) end
    local till = celigo.timestamp(last)
    local said = ("extend from %s to %s"):format(license.expires, till)
    license.expires = till
    return said
  end
end

function actions.upgrade(value)
  if value == "" then return nil, "expected an edition" end
  return function(license)
    if type(license.opts) ~= "table" then license.opts = {} end
    local said = ("upgrade from %s to %s"):format(license.opts.connectorEdition or "none", value)
    license.opts.connectorEdition = value
    return said
  end
end

function actions.expire(value)
  if value ~= "" then return nil, "expected no value" end
  return function(license)
    local now = os.time()
    local expires = expiry_of(license)
    if expires and expires <= now then return "expired already", false end
    license.expires = celigo.timestamp(now)
    return "expire now"
  end
end

-- The job of a row, or nil and what is wrong with it.
local function job_of(row)
  for _, name in ipairs { "connector_id", "license_id", "action" } do
    if not row[name] or row[name] == "" then return nil, name .. " is missing" end
  end
  for _, name in ipairs { "connector_id", "license_id" } do
    local id, problem = recipe.id(row[name])
    if not id then return nil, ("%s %s"):format(name, problem) end
  end
  local action = actions[row.action]
  if not action then return nil, ("action '%s': expected extend, upgrade or expire"):format(row.action) end
  local change, expected = action(row.value or "")
  if not change then return nil, ("%s: value '%s': %s"):format(row.action, row.value or "", expected) end
  return { line = row.line, connector = row.connector_id, license = row.license_id, change = change }
end

-- Reads the file into jobs, and into licenses, each an array of its jobs;
-- ends the example where any line is wrong.
local function read_jobs(path)
  local rows, message = csv.parse(recipe.read(path))
  if not rows then recipe.fail(("%s: %s"):format(path, message), recipe.USAGE) end
  local all, licenses, by_id, wrong = {}, {}, {}, {}
  for _, row in ipairs(rows) do
    local job, problem = job_of(row)
    if not job then
      wrong[#wrong + 1] = ("%s: line %d: %s"):format(path, row.line, problem)
    else
      local jobs = by_id[job.license]
      if not jobs then
        jobs = {}
        by_id[job.license] = jobs
        licenses[#licenses + 1] = jobs
      end
      jobs[#jobs + 1] = job
      all[#all + 1] = job
    end
  end
  if #wrong > 0 then recipe.fail(table.concat(wrong, "\n"), recipe.USAGE) end
  return all, licenses
end

-- Does one job: what was done, or nil and what went wrong.
local function renew(client, job, dry_run)
  local said, write
  local license, response = client:edit_connector_license(job.connector, job.license, function(record)
    said, write = job.change(record)
    return write
  end, { dry_run = dry_run })
  if not license then return nil, tostring(response) end
  if write == false then return said end
  local dropped = not dry_run and response.dropped or {}
  if #dropped > 0 then
    return nil, ("%s: the service did not take %s"):format(said, table.concat(dropped, ", "))
  end
  return dry_run and "would " .. said or said
end

-- Does the jobs of one license, and notes in each what came of it; the first
-- that fails ends them.
local function renew_all(client, jobs, dry_run)
  local failed = false
  for _, job in ipairs(jobs) do
    if failed then
      job.problem = "not tried: a line before it failed"
    else
      -- Whatever it raises is this line's: others are done already.
      local good, said, problem = pcall(renew, client, job, dry_run)
      if good then
        job.said, job.problem = said, problem
      else
        job.problem = tostring(said)
      end
      failed = job.problem ~= nil
    end
  end
end

local function print_report(jobs)
  local failed = 0
  for _, job in ipairs(jobs) do
    if job.said then
      recipe.print(("%s  %s"):format(job.license, job.said))
    else
      failed = failed + 1
      recipe.complain("line %d: %s: FAILED: %s", job.line, job.license, job.problem or "not finished")
    end
  end
  return failed
end

local parser = recipe.parser("renew_licenses", "Extends, upgrades or expires licenses as a CSV file says.", [[
Actions, and their values:
   extend    days, added to what is left; or the date of the last day
   upgrade   the edition
   expire    no value: the license ends now]])
parser:argument("file", "The CSV file, with the columns connector_id, license_id, action, value.")
parser:option("--concurrency", "How many licenses at a time.", "8", recipe.count):argname "N"

recipe.run(parser, function(client, args)
  local jobs, licenses = read_jobs(args.file)
  local good, err = pcall(client.map, client, licenses, function(of_license)
    renew_all(client, of_license, args.dry_run)
  end, { concurrency = args.concurrency, on_progress = recipe.progress_bar "renewing" })
  local failed = print_report(jobs) -- in any case: licenses may have been written
  if not good then error(err, 0) end
  recipe.say("%d lines, %d failed%s", #jobs, failed, args.dry_run and "; nothing was written" or "")
  return failed > 0 and recipe.FOUND or recipe.DONE
end)

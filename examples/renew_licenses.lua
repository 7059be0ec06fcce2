--- Extends, upgrades or expires licenses as a CSV file says, for a
-- subscription system.
--
--     lua5.4 examples/renew_licenses.lua --dry-run renewals.csv
--
-- The columns are connector_id, license_id, action, value:
--
--     extend   value: days, added to what is left; or the date of the last
--              day, which may be run twice. It never shortens a license.
--     upgrade  value: the edition; of connectors of the newer framework the
--              name or the id of one of theirs
--     expire   no value: ends now
--
-- Every line is checked before anything is sent. Lines of one license are done
-- in their order, licenses side by side. A write whose answer was lost is
-- reported as unknown: it may have been done.

-- recipe.lua runs this file, so that Ctrl-C is handled from the first line on.
if not package.loaded.recipe then
  local _, problem = pcall(dofile, (arg[0]:match "^.*/" or "./") .. "recipe.lua")
  io.stderr:write("Nothing was changed: ", tostring(problem), "\n")
  os.exit(tostring(problem):find "interrupted!$" and 130 or 3)
end
local recipe = require "recipe"
local csv = require "recipe.csv"
local plain = require "recipe.plain"
local renewals = require "recipe.renewals"

local COLUMNS = { "line", "connector_id", "license_id", "action", "status", "detail" }

-- {====== The file

local function check_columns(path, names)
  local there = {}
  for _, name in ipairs(names) do there[name] = true end
  local missing = {}
  for _, name in ipairs { "connector_id", "license_id", "action", "value" } do
    if not there[name] then missing[#missing + 1] = name end
  end
  if #missing == 0 then return end
  recipe.fail(("%s: the first line names no column %s"):format(path, table.concat(missing, ", ")), recipe.USAGE)
end

-- Reads the file into jobs, and into licenses, each an array of its jobs; ends
-- the recipe if any line is wrong.
local function read_jobs(path)
  local text = recipe.read(path)
  if path == "-" then path = "standard input" end
  if not text:find "%S" then recipe.fail(path .. ": it is empty", recipe.USAGE) end
  local rows, names = csv.parse(text)
  if not rows then recipe.fail(("%s: %s"):format(path, names), recipe.USAGE) end
  check_columns(path, names)
  local all, licenses, by_id, wrong = {}, {}, {}, {}
  for _, row in ipairs(rows) do
    local job, problem = renewals.job_of(row)
    if not job then
      wrong[#wrong + 1] = ("%s: line %d: %s"):format(path, row.line, problem)
    else
      local key = job.connector .. "/" .. job.license
      local jobs = by_id[key]
      if not jobs then
        jobs = {}
        by_id[key] = jobs
        licenses[#licenses + 1] = jobs
      end
      jobs[#jobs + 1] = job
      all[#all + 1] = job
    end
  end
  if #wrong > 0 then recipe.fail(wrong, recipe.USAGE) end
  return all, licenses
end

-- }======

-- {====== The report

-- Why a job in this state is reported on the standard error, or nil.
local TOLD = { failed = "FAILED: ", unknown = "UNKNOWN whether it was written: ", untried = "not tried: " }

local function report(args, jobs, is_interrupted)
  local records = {}
  for _, job in ipairs(jobs) do
    renewals.settle(job)
    records[#records + 1] = {
      line = job.line, connector_id = job.connector, license_id = job.license, action = job.action,
      status = job.status, detail = job.detail,
    }
    if not (args.json or args.csv) and not TOLD[job.status] then recipe.print("%s  %s", job.license, job.detail) end
    if TOLD[job.status] and not is_interrupted then
      recipe.complain("line %d: %s: %s%s", job.line, job.license, TOLD[job.status], job.detail)
    end
  end
  if args.json or args.csv then recipe.report(args, COLUMNS, records) end
end

local function count(jobs)
  local counts = { done = 0, failed = 0, unknown = 0, untried = 0, unknown_lines = {} }
  for _, job in ipairs(jobs) do
    renewals.settle(job)
    counts[job.status] = counts[job.status] + 1
    if job.status == "unknown" then
      table.insert(counts.unknown_lines, ("line %d (%s)"):format(job.line, job.license))
    end
  end
  return counts
end

local function fate(jobs)
  local counts = count(jobs)
  local known = ("%d of %d lines are done, %d are not"):format(counts.done, #jobs, counts.failed + counts.untried)
  if counts.unknown == 0 then return known .. ", none is unknown" end
  return ("%s; whether it was written is unknown for %s"):format(known, plain.list(counts.unknown_lines))
end

-- }======

local parser = recipe.parser {
  name = "renew_licenses", table = true,
  summary = "Extends, upgrades or expires licenses as a CSV file says.",
  details = [[
Actions, and their values:
   extend    days, added to what is left; or the date of the last day
   upgrade   the edition, by name or id
   expire    no value: the license ends now]],
  examples = { "--dry-run renewals.csv", "--live renewals.csv", "--live --json - < renewals.csv" },
}
parser:argument("file", "The CSV file, with the columns connector_id, license_id, action, value; "
  .. "- is the standard input.")
parser:option("--concurrency", "How many licenses at a time.", "8", require("recipe.arguments").count):argname "N"

recipe.run(parser, function(client, args)
  local jobs, licenses = read_jobs(args.file)
  recipe.on_interrupt(function()
    report(args, jobs, true)
    return fate(jobs)
  end)
  local editions = renewals.edition_finder(client)
  local good, err = recipe.try(client.map, client, licenses, function(of_license)
    renewals.renew_all(client, of_license, editions, args.dry_run)
  end, { concurrency = args.concurrency, on_progress = recipe.progress_bar "renewing" })
  report(args, jobs) -- in any case: licenses may have been written
  recipe.on_interrupt(function() return fate(jobs) end)
  if not good then error(err, 0) end
  local counts = count(jobs)
  if counts.unknown > 0 then
    recipe.complain("Look at the licenses whose fate is unknown before they are in a file again: "
      .. "what was written is not to be added twice.")
  end
  recipe.say("%d lines, %d failed%s%s%s", #jobs, counts.failed,
    counts.unknown > 0 and (", %d unknown"):format(counts.unknown) or "",
    counts.untried > 0 and (", %d not tried"):format(counts.untried) or "",
    args.dry_run and "; nothing was written" or "")
  return counts.done < #jobs and recipe.FOUND or recipe.DONE
end)

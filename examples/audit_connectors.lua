--- Looks for connectors that will give customers trouble: published without a
-- stack, trials without a template, addresses that nobody reads. Prints what it
-- finds, and exits with 1 if it finds something or could not audit a connector,
-- so that cron mails it.
--
--     lua5.4 examples/audit_connectors.lua
--     lua5.4 examples/audit_connectors.lua --live --json

-- recipe.lua runs this file, so that Ctrl-C is handled from the first line on.
if not package.loaded.recipe then
  local _, problem = pcall(dofile, (arg[0]:match "^.*/" or "./") .. "recipe.lua")
  io.stderr:write("Nothing was changed: ", tostring(problem), "\n")
  os.exit(tostring(problem):find "interrupted!$" and 130 or 3)
end
local recipe = require "recipe"
local celigo = require "celigo"
local records = require "recipe.records"

local CONCURRENCY = 8

local text = records.text

-- Domains that never receive mail (RFC 2606, RFC 6761, RFC 6762).
local DEAD_DOMAINS = { invalid = true, test = true, example = true, localhost = true, ["local"] = true }

-- Mailboxes that are made not to be read.
local UNREAD = { nobody = true, noreply = true, ["no-reply"] = true, donotreply = true, ["do-not-reply"] = true }

local function address_problem(address)
  local mailbox, domain = address:match "^([^@%s]+)@([^@%s]+)$"
  if not mailbox then return "is no email address" end
  local last = domain:match "([^.]+)$"
  if not last or not domain:find(".", 1, true) or DEAD_DOMAINS[last:lower()] then
    return "is at a domain that receives no mail"
  end
  if UNREAD[mailbox:lower()] then return "is a mailbox that nobody reads" end
  return nil
end

-- Each rule returns what is wrong with a connector, or nil.
local rules = {}

-- A connector of the newer framework has no stack.
function rules.no_stack(_, connector)
  if connector.published == true and not records.is_newer(connector) and not text(connector, "_stackId") then
    return "published without a stack"
  end
end

-- The service holds several addresses in one string.
function rules.no_address(_, connector)
  local problems, count = {}, 0
  for part in (text(connector, "contactEmail") or ""):gmatch "[^,;]+" do
    local address = part:match "^%s*(.-)%s*$"
    if address ~= "" then
      count = count + 1
      local problem = address_problem(address)
      if problem then problems[#problems + 1] = ("contact address %s %s"):format(address, problem) end
    end
  end
  if count == 0 and connector.published == true then return "published without a contact address" end
  return #problems > 0 and table.concat(problems, "; ") or nil
end

function rules.no_template(client, connector)
  if connector.trialEnabled ~= true then return nil end
  local id = text(connector, "_trialLicenseId")
  if not id then return "open for trials without a template license" end
  local license, err = client:get_connector_license_by_id(connector._id, id)
  if not license then
    if err.status == 404 then return ("its template license %s is gone"):format(id) end
    error(err)
  end
  local expires = text(license, "expires") and celigo.parse_timestamp(license.expires)
  if expires and expires < os.time() then return ("its template license %s has expired"):format(id) end
end

local RULE_NAMES = { "no_stack", "no_address", "no_template" }

local function audit(client, connector)
  local findings = {}
  for _, name in ipairs(RULE_NAMES) do
    local problem = rules[name](client, connector)
    if problem then
      findings[#findings + 1] =
        { rule = name, problem = problem, connector = connector._id, name = text(connector, "name") }
    end
  end
  return findings
end

-- Sorts by id, which is the order of creation: the service promises no order.
local function by_id(connectors)
  table.sort(connectors, function(a, b) return a._id < b._id end)
  return connectors
end

local parser = recipe.parser {
  name = "audit_connectors", table = true,
  summary = "Lists connectors that customers will stumble over.",
  examples = { "", "--live --json", "--live --quiet    # for cron: silent where all is well" },
}

recipe.run(parser, function(client, args)
  local audited = 0
  recipe.on_interrupt(function()
    return ("%d connectors were audited, nothing was changed, and findings are not shown"):format(audited)
  end)
  local connectors = by_id(recipe.list_connectors(client))
  local results, errors = client:map(connectors, function(connector)
    local findings = audit(client, connector)
    audited = audited + 1
    return findings
  end, { concurrency = CONCURRENCY, on_progress = recipe.progress_bar "auditing" })
  local findings, failed = {}, 0
  for i, connector in ipairs(connectors) do
    if errors[i] then
      failed = failed + 1
      recipe.complain("%s: not audited: %s", text(connector, "name") or connector._id, errors[i])
    end
    table.move(results[i] or {}, 1, #(results[i] or {}), #findings + 1, findings)
  end
  recipe.on_interrupt(function()
    return ("%d connectors were audited, nothing was changed, and findings may be shown in part"):format(audited)
  end)
  if #findings > 0 and (args.json or args.csv) then
    recipe.report(args, { "connector", "name", "problem", "rule" }, findings)
  elseif #findings > 0 then
    recipe.report(args, { "name", "problem", "connector" }, findings, { "CONNECTOR", "PROBLEM", "ID" })
  end
  local tell = (#findings > 0 or failed > 0) and recipe.say or recipe.remark
  tell("%d connectors, %d findings%s", #connectors, #findings, failed > 0 and (", %d not audited"):format(failed) or "")
  if failed > 0 and failed == #connectors then return recipe.FAILED end
  return (#findings > 0 or failed > 0) and recipe.FOUND or recipe.DONE
end, recipe.ONLY_READS)

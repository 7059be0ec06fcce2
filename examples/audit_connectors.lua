--- Looks for connectors that customers will stumble over: published without a
-- stack, trials without a template, addresses that nobody reads. Prints what
-- it finds, and exits with 1 where it finds something or could not audit a
-- connector, so that cron mails it.
--
--     lua5.4 examples/audit_connectors.lua
--     lua5.4 examples/audit_connectors.lua --live --json

package.path = (arg[0]:match "^(.*/)[^/]*$" or "./") .. "?.lua;" .. package.path
local recipe = require "recipe"
local celigo = require "celigo"

local CONCURRENCY = 8

-- Domains that never receive mail (RFC 2606, RFC 6761, RFC 6762).
local DEAD_DOMAINS = { invalid = true, test = true, example = true, localhost = true, ["local"] = true }

-- Mailboxes that are made not to be read.
local UNREAD = { nobody = true, noreply = true, ["no-reply"] = true, donotreply = true, ["do-not-reply"] = true }

-- A member's value; null and "" are as good as none.
local function value_of(record, name)
  local value = record[name]
  if value == nil or value == celigo.null or value == "" then return nil end
  return value
end

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

function rules.no_stack(_, connector)
  if connector.published == true and not value_of(connector, "_stackId") then
    return "published without a stack"
  end
end

function rules.no_address(_, connector)
  local address = value_of(connector, "contactEmail")
  if not address then
    return connector.published == true and "published without a contact address" or nil
  end
  local problem = address_problem(address)
  return problem and ("contact address %s %s"):format(address, problem)
end

function rules.no_template(client, connector)
  if connector.trialEnabled ~= true then return nil end
  local id = value_of(connector, "_trialLicenseId")
  if not id then return "open for trials without a template license" end
  local license, err = client:get_connector_license_by_id(connector._id, id)
  if not license then
    if err.status == 404 then return ("its template license %s is gone"):format(id) end
    error(err)
  end
  local expires = value_of(license, "expires") and celigo.parse_timestamp(license.expires)
  if expires and expires < os.time() then return ("its template license %s has expired"):format(id) end
end

local RULE_NAMES = { "no_stack", "no_address", "no_template" }

local function audit(client, connector)
  local findings = {}
  for _, name in ipairs(RULE_NAMES) do
    local problem = rules[name](client, connector)
    if problem then
      findings[#findings + 1] =
        { rule = name, problem = problem, connector = connector._id, name = connector.name }
    end
  end
  return findings
end

local function print_findings(findings, as_json)
  local rows = {}
  for i, finding in ipairs(findings) do
    if as_json then recipe.print((assert(celigo.json.encode(finding)))) end
    rows[i] = { finding.name, finding.problem, finding.connector }
  end
  if not as_json and #rows > 0 then recipe.print_table({ "CONNECTOR", "PROBLEM", "ID" }, rows) end
end

local parser = recipe.parser("audit_connectors", "Lists connectors that customers will stumble over.")
parser:flag("--json", "Print one JSON object for each finding.")

recipe.run(parser, function(client, args)
  local connectors = assert(client:list_connectors())
  local results, errors = client:map(connectors, function(connector)
    return audit(client, connector)
  end, { concurrency = CONCURRENCY, on_progress = recipe.progress_bar "auditing" })
  local findings, failed = {}, 0
  for i, connector in ipairs(connectors) do
    if errors[i] then
      failed = failed + 1
      recipe.complain("%s: not audited: %s", connector.name or connector._id, tostring(errors[i]))
    end
    table.move(results[i] or {}, 1, #(results[i] or {}), #findings + 1, findings)
  end
  print_findings(findings, args.json)
  recipe.say("%d connectors, %d findings%s", #connectors, #findings,
    failed > 0 and (", %d not audited"):format(failed) or "")
  if failed > 0 and failed == #connectors then return recipe.FAILED end
  return (#findings > 0 or failed > 0) and recipe.FOUND or recipe.DONE
end)

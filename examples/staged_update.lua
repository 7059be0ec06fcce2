--- Pushes an update of a connector to a few canary installations, waits until
-- it has ended there, checks the result, and goes on in waves. Stops at the
-- first installation whose update does not end, fails, or does not pass the
-- check. If it is run again with the same state file, it goes on where it
-- stopped.
--
--     lua5.4 examples/staged_update.lua CONNECTOR_ID --state update.json
--         --canary INTEGRATION_ID --wave 20 --check ./looks-healthy
--
-- The service answers when an update has been pushed, not when it is done.
-- So after each wave the install base is read until none of the wave is being
-- updated any more; each must then have another version than before, or that
-- of --expect.
--
-- The check is a command of yours: it gets the integration ids of a wave as
-- arguments, and any exit status but 0 stops the update. If an id begins with
-- `-`, a `--` stands before the first.
--
-- An update function runs in the customer's account, so it must not run twice
-- by accident: each wave is written to the state file before it is pushed, and
-- if its fate stays unknown, --unsure says what to do with it. A wave that did
-- not pass its check is checked again before another is pushed.

-- recipe.lua runs this file, so that Ctrl-C is handled from the first line on.
if not package.loaded.recipe then
  local _, problem = pcall(dofile, (arg[0]:match "^.*/" or "./") .. "recipe.lua")
  io.stderr:write("Nothing was changed: ", tostring(problem), "\n")
  os.exit(tostring(problem):find "interrupted!$" and 130 or 3)
end
local recipe = require "recipe"
local arguments = require "recipe.arguments"
local files = require "recipe.files"
local output = require "recipe.output"
local plain = require "recipe.plain"
local rollout = require "recipe.rollout"

local COLUMNS = { "integration_id", "name", "version_before", "version", "status" }

-- Saves the state; ends the run if that fails.
local function remember(good, message)
  if not good then recipe.fail(message) end
end

-- {====== Waiting

-- Where an installation of a wave stands: "busy", "good", "same" (its version
-- is as before), "gone". Where no version is told, that an update has ended
-- is all there is to see.
local function standing(install, before, expected)
  if not install then return "gone" end
  if install.busy then return "busy" end
  if not install.version then return "good" end
  if expected then return install.version == expected and "good" or "same" end
  if not before then return "good" end
  return install.version ~= before and "good" or "same"
end

-- An update may begin a little after it was pushed. Only after this time an old
-- version counts as a failure.
local SETTLE = 10 -- seconds
local PAUSES = { 0.2, 0.3, 0.5, 1, 1, 2, 3 } -- seconds between looks; then 5

-- Reads the install base until every update of a wave has ended, or the time
-- is over. Returns arrays of ids by standing; the view is brought up to date.
local function await(client, args, state, view)
  local show = recipe.progress_bar "waiting for updates to end"
  local started, looks = os.time(), 0
  while true do
    view.all, view.by_id = rollout.installed(client, args.connector)
    local found = { busy = {}, good = {}, same = {}, gone = {} }
    for _, id in ipairs(state.unchecked) do
      local list = found[standing(view.by_id[id], state.before[id], args.expect)]
      list[#list + 1] = id
    end
    local passed = os.time() - started
    local is_over = #found.busy == 0 and (#found.same == 0 or passed >= math.min(SETTLE, args.wait))
    if is_over or passed >= args.wait then
      output.clear_bar()
      return found
    end
    if show then show(#found.good + #found.gone, nil, ("of %d"):format(#state.unchecked)) end
    looks = looks + 1
    recipe.sleep(math.min(PAUSES[looks] or 5, args.wait - passed))
  end
end

local function run_check(command, ids)
  local words, dashes = {}, ""
  for _, id in ipairs(ids) do
    if id:sub(1, 1) == "-" then dashes = "-- " end
    words[#words + 1] = files.quote(id)
  end
  local good, _, status = files.execute(("exec >&2; %s %s%s"):format(command, dashes, table.concat(words, " ")))
  if good then return true end
  recipe.complain("Stopped: the check of %s exited with %d", plain.list(ids), status)
  return false
end

local function complain_of(args, state, found)
  for _, id in ipairs(found.busy) do
    recipe.complain("Stopped: the update of %s has not ended after %d s", id, args.wait)
  end
  for _, id in ipairs(found.same) do
    recipe.complain("Stopped: the update of %s has ended, and its version is %s: it has failed, or there was "
      .. "nothing to update%s", id, args.expect and "not " .. args.expect or "still " .. tostring(state.before[id]),
      args.expect and "" or " (--expect tells which version is the new one)")
  end
end

-- Checks the wave that was pushed last. An installation that is gone stops the
-- run that pushed it, because the update may be the reason. A later run reports
-- it and goes on: it counts as done, and is not pushed again.
local function check(client, args, state, view, is_later)
  if #state.unchecked == 0 then return true end
  local found = await(client, args, state, view)
  for _, id in ipairs(found.gone) do
    recipe.complain("%s%s is not in the install base any more", is_later and "" or "Stopped: ", id)
  end
  complain_of(args, state, found)
  if #found.busy + #found.same > 0 or #found.gone > 0 and not is_later then return false end
  if args.check and #found.good > 0 and not run_check(args.check, found.good) then return false end
  remember(state:move("unchecked", "done"))
  return true
end

-- }======

-- {====== Pushing

-- The canaries by name, each once, or the first that is to be pushed, where
-- none was pushed by an earlier run. One that is pushed may be gone since.
local function choose_canaries(view, named, state, pushed)
  if #named == 0 then
    if #state.done + #state.unchecked > 0 then return {} end
    for _, install in ipairs(view.all) do
      if not pushed[install.id] then return { install.id } end
    end
    return {}
  end
  local chosen, is_chosen = {}, {}
  for _, id in ipairs(named) do
    if not view.by_id[id] and not pushed[id] then
      recipe.fail(("--canary %s: not in the install base"):format(id), recipe.USAGE)
    end
    if not is_chosen[id] then chosen[#chosen + 1], is_chosen[id] = id, true end
  end
  return chosen
end

-- Whether an error says that a write was refused, or never sent. Any other
-- answer may come from a proxy, or from a service that failed halfway.
local function is_refusal(err)
  if err.kind == "validation" then return true end
  if err.kind == "network" or err.kind == "timeout" then return not err.maybe_applied end
  local status = err.kind == "http" and err.status or 0
  return status >= 400 and status < 500 and status ~= 408 and not err.maybe_applied
end

local function advice(state)
  if state.path then return "Run again with the same --state: it looks what became of them." end
  return "Without --state nothing remembers this: look at these installations before you push again."
end

-- The installations of a wave that can be pushed now; nil if one is being
-- updated already.
local function ready(wave, view)
  local there = {}
  for _, id in ipairs(wave) do
    local install = view.by_id[id]
    if not install then
      recipe.complain("%s is not in the install base any more, and is passed over", id)
    elseif install.busy then
      recipe.complain("Stopped: %s is being updated already, and not by this run", id)
      return nil
    else
      there[#there + 1] = id
    end
  end
  return there
end

local function push(client, args, state, view, ids)
  for _, id in ipairs(ids) do state.before[id] = view.by_id[id].version end
  remember(state:add("unsure", ids))
  local pushed, err = client:push_connector_update(args.connector, { _integrationIds = ids })
  if pushed then return remember(state:move("unsure", "unchecked")) end
  if is_refusal(err) then
    remember(state:move("unsure"))
    recipe.fail { err, ("Nothing of this wave was pushed. %s."):format(state:fate(view.all)) }
  end
  recipe.fail { err, state:fate(view.all) .. ".", advice(state) }
end

-- What is to be done with a wave whose fate was unknown when the last run
-- ended: an installation that is being updated, or has another version, was
-- pushed.
local function settle_unsure(args, state, view)
  if #state.unsure == 0 then return end
  local pushed = {}
  for _, id in ipairs(state.unsure) do
    local install = view.by_id[id]
    local before = state.before[id]
    if install and (install.busy or before and install.version and install.version ~= before) then
      pushed[#pushed + 1] = id
    end
  end
  if #pushed > 0 then
    recipe.say("These were pushed, their installations show it: %s", plain.list(pushed))
    remember(state:move("unsure", "unchecked", pushed))
  end
  if #state.unsure == 0 then return end
  if not args.unsure then
    recipe.fail {
      "It is unknown whether these were updated: " .. plain.list(state.unsure),
      "Look, then run again with --unsure push, or --unsure done.",
    }
  end
  for _, id in ipairs(state.unsure) do state.before[id] = nil end -- what it was is not known
  remember(state:move("unsure", args.unsure == "done" and "unchecked" or nil))
end

-- }======

-- {====== The end

local STATUS = { { "done", "updated" }, { "unchecked", "pushed" }, { "unsure", "unknown" } }

-- A row for each installation, as it stands. planned has words for those that
-- are to be pushed.
local function report(args, state, all, planned)
  local status, rows = planned or {}, {}
  for _, pair in ipairs(STATUS) do
    for _, id in ipairs(state[pair[1]]) do status[id] = pair[2] end
  end
  for i, install in ipairs(all) do
    rows[i] = {
      integration_id = install.id, name = install.name, version_before = state.before[install.id] or install.version,
      version = install.version, status = status[install.id] or "not pushed",
    }
  end
  recipe.report(args, COLUMNS, rows, { "INTEGRATION", "NAME", "BEFORE", "VERSION", "STATUS" })
end

-- What a dry run shows.
local function show_plan(args, state, view, waves)
  local planned = {}
  for i, wave in ipairs(waves) do
    local words = ("wave %d of %d"):format(i, #waves)
    if not (args.json or args.csv) then recipe.print("%s: %s", words, table.concat(wave, " ")) end
    for _, id in ipairs(wave) do planned[id] = words end
  end
  if args.json or args.csv then report(args, state, view.all, planned) end
end

local function count_done(all, state)
  local done, count = rollout.set_of(state.done), 0
  for _, install in ipairs(all) do
    if done[install.id] then count = count + 1 end
  end
  return count
end

-- }======

local parser = recipe.parser {
  name = "staged_update", table = true,
  summary = "Pushes an update to canaries first, then in waves, and waits until each has ended.",
  examples = {
    "CONNECTOR_ID --dry-run",
    "CONNECTOR_ID --live --state update.json --canary ID --wave 20",
    "CONNECTOR_ID --live --state update.json --check ./looks-healthy --expect 2.4.0",
  },
}
parser:argument("connector", "The connector's id."):convert(arguments.id)
parser:option("--canary", "An integration id; may be given several times. Default: the first."):count("*"):argname "ID"
parser:option("--wave", "How many installations at a time.", "10", arguments.count):argname "N"
parser:option("--wait", "How long the updates of a wave may take.", "600", arguments.count):argname "SECONDS"
parser:option("--expect", "The version that the update leads to; who has it is left out."):argname "VERSION"
parser:option("--check", "A command that tells whether a wave is well."):argname "COMMAND"
parser:option("--state", "Where to remember what was done. Default: nowhere."):argname "FILE"
parser:option("--unsure", "A wave of unknown fate: push it again (push), or count it as done (done).")
  :choices { "push", "done" }

-- Pushes and checks wave by wave; returns whether all went well.
local function roll_out(client, args, state, view, waves)
  for i, wave in ipairs(waves) do
    recipe.say("wave %d of %d: %s", i, #waves, table.concat(wave, " "))
    local ids = ready(wave, view)
    if not ids then return false end
    if #ids > 0 then push(client, args, state, view, ids) end
    if not check(client, args, state, view) then return false end
  end
  return true
end

local function leave_out_expected(args, view, pushed)
  if not args.expect then return end
  for _, install in ipairs(view.all) do
    if install.version == args.expect and not install.busy then pushed[install.id] = true end
  end
end

recipe.run(parser, function(client, args)
  local state, message, is_usage = rollout.load(args.state, args.connector)
  if not state then recipe.fail(message, is_usage and recipe.USAGE) end
  if args.dry_run then state.path = nil end -- nothing is to be remembered
  local view, without = {}
  recipe.on_interrupt(function() return state:fate(view.all) end)

  view.all, view.by_id, without = rollout.installed(client, args.connector)
  settle_unsure(args, state, view)
  local is_well = args.dry_run or check(client, args, state, view, true)
  if without > 0 then recipe.complain("Passed over, without an integration id: %d", without) end
  if #view.all == 0 then
    recipe.say("%s is not installed anywhere", args.connector)
    return recipe.DONE
  end
  local pushed = rollout.set_of(state.done, state.unchecked)
  leave_out_expected(args, view, pushed)
  local waves = rollout.plan(view.all, choose_canaries(view, args.canary, state, pushed), args.wave, pushed)
  if args.dry_run then
    show_plan(args, state, view, waves)
    recipe.say("%d of %d installations are updated; nothing was pushed", count_done(view.all, state), #view.all)
    return recipe.DONE
  end
  is_well = is_well and roll_out(client, args, state, view, waves)
  report(args, state, view.all)
  if is_well then
    recipe.say("%d of %d installations are updated", count_done(view.all, state), #view.all)
    return recipe.DONE
  end
  recipe.complain("Stopped: %s", state:fate(view.all))
  return recipe.FOUND
end)

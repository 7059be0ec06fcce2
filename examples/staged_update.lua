--- Pushes an update of a connector to a few canary installations, checks
-- them, and goes on in waves. Stops at the first failure; run again with the
-- same state file, it goes on where it stopped.
--
--     lua5.4 examples/staged_update.lua CONNECTOR_ID --state update.json
--         --canary INTEGRATION_ID --wave 20 --check ./looks-healthy
--
-- The check is a command of yours: it gets the integration ids of a wave as
-- arguments, and any exit status but 0 stops the update. Whether each
-- installation is still in the install base is checked in any case.
--
-- An update function runs in the customer's account, and is never run twice
-- unasked: a wave is written down before it is pushed, and where its fate is
-- unknown, --unsure says what to do with it. A wave whose check failed is
-- checked again before any other is pushed.

package.path = (arg[0]:match "^(.*/)[^/]*$" or "./") .. "?.lua;" .. package.path
local recipe = require "recipe"
local celigo = require "celigo"

-- {====== State: a connector, and arrays of integration ids
--
-- `unsure` are about to be pushed, `unchecked` are pushed, `done` are pushed
-- and well.

local ARRAY = getmetatable(celigo.array {})

local function is_state(value)
  if type(value) ~= "table" or type(value.connector) ~= "string" then return false end
  for _, name in ipairs { "done", "unchecked", "unsure" } do
    if getmetatable(value[name]) ~= ARRAY then return false end
    for _, id in ipairs(value[name]) do
      if type(id) ~= "string" then return false end
    end
  end
  return true
end

local ENOENT = 2

-- A file that is there and cannot be read is no new beginning.
local function is_missing(path)
  local file, _, number = io.open(path, "r")
  if file then file:close() end
  return number == ENOENT
end

local function load_state(path, connector)
  if not path or is_missing(path) then
    return { connector = connector, done = celigo.array {}, unchecked = celigo.array {}, unsure = celigo.array {} }
  end
  local state, message = celigo.json.decode(recipe.read(path))
  if state == nil then recipe.fail(("%s: %s"):format(path, message)) end
  if not is_state(state) then recipe.fail(path .. " is not a state that this example has written", recipe.USAGE) end
  if state.connector ~= connector then
    recipe.fail(("%s is the state of connector %s"):format(path, tostring(state.connector)), recipe.USAGE)
  end
  return state
end

local function save_state(path, state)
  if path then recipe.save(path, assert(celigo.json.encode(state)) .. "\n") end
end

-- Moves ids on, and remembers it.
local function move(path, state, from, to)
  table.move(state[from], 1, #state[from], #state[to] + 1, state[to])
  state[from] = celigo.array {}
  save_state(path, state)
end

-- What is to be done with a wave whose fate is unknown.
local function settle_unsure(path, state, answer)
  if #state.unsure == 0 then return end
  if not answer then
    recipe.fail(("It is unknown whether these were updated: %s\n"
      .. "Look, then run again with --unsure push, or --unsure done."):format(table.concat(state.unsure, ", ")))
  end
  if answer == "done" then
    move(path, state, "unsure", "unchecked")
  else
    state.unsure = celigo.array {}
  end
end

-- }======

-- {====== Waves

local function set_of(...)
  local set = {}
  for _, ids in ipairs { ... } do
    for _, id in ipairs(ids) do set[id] = true end
  end
  return set
end

-- The integration ids of the install base, and how many have none.
local function installed_ids(client, connector)
  local ids, without = {}, 0
  for install in client:each_connector_install(connector) do
    local id = install._integrationId
    if type(id) == "string" and id ~= "" then
      ids[#ids + 1] = id
    else
      without = without + 1
    end
  end
  return ids, without
end

-- The canaries by name, each once, or the first of all. One that is pushed
-- may be gone since.
local function choose_canaries(all, named, pushed)
  if #named == 0 then return { all[1] } end
  local known, chosen, is_chosen = set_of(all), {}, {}
  for _, id in ipairs(named) do
    if not known[id] and not pushed[id] then
      recipe.fail(("--canary %s: not in the install base"):format(id), recipe.USAGE)
    end
    if not is_chosen[id] then
      chosen[#chosen + 1], is_chosen[id] = id, true
    end
  end
  return chosen
end

-- Arrays of ids: the canaries, then the rest by `size`; without what is
-- pushed.
local function plan(all, canaries, size, pushed)
  local waves, wave = { {} }, {}
  local is_canary = set_of(canaries)
  for _, id in ipairs(canaries) do
    if not pushed[id] then table.insert(waves[1], id) end
  end
  for _, id in ipairs(all) do
    if not pushed[id] and not is_canary[id] then
      wave[#wave + 1] = id
      if #wave == size then
        waves[#waves + 1], wave = wave, {}
      end
    end
  end
  if #wave > 0 then waves[#waves + 1] = wave end
  if #waves[1] == 0 then table.remove(waves, 1) end
  return waves
end

-- Whether the wave that was pushed last is well. An installation that is gone
-- stops the run that pushed it: the update may be to blame. A later run says
-- so and goes on; it counts as done, never to be pushed again.
local function check(client, args, state, is_later)
  if #state.unchecked == 0 then return true end
  local present = set_of((installed_ids(client, args.connector)))
  local words, gone = {}, false
  for _, id in ipairs(state.unchecked) do
    if present[id] then
      words[#words + 1] = recipe.quote(id)
    else
      gone = true
      recipe.complain("%s%s is not in the install base any more", is_later and "" or "Stopped: ", id)
    end
  end
  if gone and not is_later then return false end
  if args.check and #words > 0 then
    recipe.flush() -- before what the check prints
    local good, _, status = os.execute(args.check .. " " .. table.concat(words, " "))
    if not good then
      recipe.complain("Stopped: the check of %s exited with %d", table.concat(state.unchecked, ", "), status)
      return false
    end
  end
  move(args.state, state, "unchecked", "done")
  return true
end

-- Whether an error says that a write was refused, or never sent. Any other
-- answer may come from a proxy, or from a service that failed halfway.
local function is_refusal(err)
  if err.kind == "validation" then return true end
  if err.kind == "network" or err.kind == "timeout" then return not err.maybe_applied end
  local status = err.kind == "http" and err.status or 0
  return status >= 400 and status < 500 and status ~= 408 and not err.maybe_applied
end

local function push(client, args, state, wave)
  state.unsure = celigo.array(wave)
  save_state(args.state, state)
  local pushed, err = client:push_connector_update(args.connector, { _integrationIds = wave })
  if not pushed then
    if is_refusal(err) then
      state.unsure = celigo.array {}
      save_state(args.state, state)
    end
    recipe.fail(err)
  end
  move(args.state, state, "unsure", "unchecked")
end

local function count_done(all, state)
  local done, count = set_of(state.done), 0
  for _, id in ipairs(all) do
    if done[id] then count = count + 1 end
  end
  return count
end

-- }======

local parser = recipe.parser("staged_update", "Pushes an update to canaries first, then in waves.")
parser:argument("connector", "The connector's id."):convert(recipe.id)
parser:option("--canary", "An integration id; may be given several times. Default: the first."):count("*"):argname "ID"
parser:option("--wave", "How many installations at a time.", "10", recipe.count):argname "N"
parser:option("--check", "A command that tells whether a wave is well."):argname "COMMAND"
parser:option("--state", "Where to remember what was done. Default: nowhere."):argname "FILE"
parser:option("--unsure", "A wave of unknown fate: push it again (push), or count it as done (done).")
  :choices { "push", "done" }

recipe.run(parser, function(client, args)
  local state = load_state(args.state, args.connector)
  if args.dry_run then args.state = nil end -- nothing is to be remembered
  settle_unsure(args.state, state, args.unsure)
  if not args.dry_run and not check(client, args, state, true) then return recipe.FOUND end
  local all, without = installed_ids(client, args.connector)
  if without > 0 then recipe.complain("Passed over for want of an integration id: %d", without) end
  if #all == 0 then
    recipe.say("%s is not installed anywhere", args.connector)
    return recipe.DONE
  end
  local pushed = set_of(state.done, state.unchecked)
  local waves = plan(all, choose_canaries(all, args.canary, pushed), args.wave, pushed)
  for i, wave in ipairs(waves) do
    recipe.print(("wave %d of %d: %s"):format(i, #waves, table.concat(wave, " ")))
    if not args.dry_run then
      push(client, args, state, wave)
      if not check(client, args, state) then return recipe.FOUND end
    end
  end
  recipe.say("%d of %d installations are updated%s", count_done(all, state), #all,
    args.dry_run and "; nothing was pushed" or "")
  return recipe.DONE
end)

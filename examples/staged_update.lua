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

-- {====== State: arrays of integration ids
--
-- `unsure` are about to be pushed, `unchecked` are pushed, `done` are pushed
-- and well.

local function load_state(path, connector)
  local file = path and io.open(path, "r")
  if not file then
    return { connector = connector, done = celigo.array {}, unchecked = celigo.array {}, unsure = celigo.array {} }
  end
  local state, message = celigo.json.decode(file:read "a")
  file:close()
  if not state then recipe.fail(("%s: %s"):format(path, message)) end
  if state.connector ~= connector then
    recipe.fail(("%s is the state of connector %s"):format(path, tostring(state.connector)), recipe.USAGE)
  end
  return state
end

local function save_state(path, state)
  if not path then return end
  local file = recipe.open(path .. ".part", "w")
  assert(file:write(assert(celigo.json.encode(state)), "\n"))
  assert(file:close())
  assert(os.rename(path .. ".part", path))
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

local function installed_ids(client, connector)
  local ids = {}
  for install in client:each_connector_install(connector) do ids[#ids + 1] = install._integrationId end
  return ids
end

-- The canaries by name, or the first of all.
local function choose_canaries(all, named)
  if #named == 0 then return { all[1] } end
  local known = set_of(all)
  for _, id in ipairs(named) do
    if not known[id] then recipe.fail(("--canary %s: not in the install base"):format(id), recipe.USAGE) end
  end
  return named
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

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Whether the wave that was pushed last is well.
local function check(client, args, state)
  if #state.unchecked == 0 then return true end
  local present = set_of(installed_ids(client, args.connector))
  local words = { args.check }
  for _, id in ipairs(state.unchecked) do
    if not present[id] then
      recipe.say("Stopped: %s is not in the install base any more", id)
      return false
    end
    words[#words + 1] = quote(id)
  end
  if args.check then
    io.stdout:flush() -- before what the check prints
    local good, _, status = os.execute(table.concat(words, " "))
    if not good then
      recipe.say("Stopped: the check of %s exited with %d", table.concat(state.unchecked, ", "), status)
      return false
    end
  end
  move(args.state, state, "unchecked", "done")
  return true
end

local function push(client, args, state, wave)
  state.unsure = celigo.array(wave)
  save_state(args.state, state)
  local pushed, err = client:push_connector_update(args.connector, { _integrationIds = wave })
  if not pushed then
    if not err.maybe_applied then
      state.unsure = celigo.array {}
      save_state(args.state, state)
    end
    recipe.fail(err)
  end
  move(args.state, state, "unsure", "unchecked")
end

-- }======

local parser = recipe.parser("staged_update", "Pushes an update to canaries first, then in waves.")
parser:argument("connector", "The connector's id.")
parser:option("--canary", "An integration id; may be given several times. Default: the first."):count("*"):argname "ID"
parser:option("--wave", "How many installations at a time.", 10, recipe.count):argname "N"
parser:option("--check", "A command that tells whether a wave is well."):argname "COMMAND"
parser:option("--state", "Where to remember what was done."):argname "FILE"
parser:option("--unsure", "A wave of unknown fate: push it again, or count it as done.")
  :choices({ "push", "done" }):argname "WHAT"
parser:flag("--dry-run", "Show the waves, and push nothing.")

recipe.run(parser, function(client, args)
  local state = load_state(args.state, args.connector)
  settle_unsure(args.state, state, args.unsure)
  if not args.dry_run and not check(client, args, state) then return recipe.FOUND end
  local all = installed_ids(client, args.connector)
  if #all == 0 then
    recipe.say("%s is not installed anywhere", args.connector)
    return recipe.DONE
  end
  local pushed = set_of(state.done, state.unchecked)
  local waves = plan(all, choose_canaries(all, args.canary), args.wave, pushed)
  for i, wave in ipairs(waves) do
    print(("wave %d of %d: %s"):format(i, #waves, table.concat(wave, " ")))
    if not args.dry_run then
      push(client, args, state, wave)
      if not check(client, args, state) then return recipe.FOUND end
    end
  end
  recipe.say("%d of %d installations are updated%s", #state.done, #all, args.dry_run and "; nothing was pushed" or "")
  return recipe.DONE
end)

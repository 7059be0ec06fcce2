--- Where a staged update stands: which installations are done, and which were
-- pushed; kept in a file, so that a run can be taken up again.
--
-- A state has arrays of integration ids: `unsure` are about to be pushed, or
-- were and no clear answer came; `unchecked` are pushed and not seen to have
-- ended well; `done` are updated and well. `before` has the version of each
-- before its push.

local celigo = require "celigo"
local files = require "recipe.files"
local plain = require "recipe.plain"
local records = require "recipe.records"

local rollout = {}

-- {====== The state

local State = {}
State.__index = State

local ARRAY = getmetatable(celigo.array {})
local LISTS = { "done", "unchecked", "unsure" }

local function is_state(value)
  if type(value) ~= "table" or type(value.connector) ~= "string" then return false end
  for _, name in ipairs(LISTS) do
    if getmetatable(value[name]) ~= ARRAY then return false end
    for _, id in ipairs(value[name]) do
      if type(id) ~= "string" then return false end
    end
  end
  if value.before == nil then value.before = celigo.object {} end -- a file of the first version
  return type(value.before) == "table" and getmetatable(value.before) ~= ARRAY
end

local ENOENT = 2

-- A file that is there and cannot be read is no new beginning.
local function is_missing(path)
  local file, _, number = io.open(path, "r")
  if file then file:close() end
  return number == ENOENT
end

--- The state in a file, a new one where there is none, or nil, a message, and
-- whether the argument is to blame.
function rollout.load(path, connector)
  if not path or is_missing(path) then
    return setmetatable({
      path = path, connector = connector, done = celigo.array {}, unchecked = celigo.array {},
      unsure = celigo.array {}, before = celigo.object {},
    }, State)
  end
  local text, message = files.read(path)
  if not text then return nil, message end
  local state, problem = celigo.json.decode(text)
  if state == nil then return nil, ("%s: %s"):format(path, problem) end
  if not is_state(state) then return nil, path .. " is not a state that this recipe has written", true end
  if state.connector ~= connector then
    return nil, ("%s is the state of connector %s"):format(path, state.connector), true
  end
  state.path = path
  return setmetatable(state, State)
end

--- Remembers it, where it has a file. true, or nil and a message.
function State:save()
  if not self.path then return true end
  local text = assert(celigo.json.encode {
    connector = self.connector, done = self.done, unchecked = self.unchecked, unsure = self.unsure,
    before = self.before,
  })
  return files.save(self.path, text .. "\n")
end

--- Adds ids to a list.
function State:add(to, ids)
  table.move(ids, 1, #ids, #self[to] + 1, self[to])
  return self:save()
end

--- Moves ids on; all of `from`, or those that are given.
function State:move(from, to, ids)
  ids = ids or self[from]
  local moved = rollout.set_of(ids)
  local kept = celigo.array {}
  for _, id in ipairs(self[from]) do
    if not moved[id] then kept[#kept + 1] = id end
  end
  if to then table.move(ids, 1, #ids, #self[to] + 1, self[to]) end
  self[from] = kept
  return self:save()
end

--- What is done, what is not, and what is unknown, in one line. all are the
-- installations, where they are known.
function State:fate(all)
  local pushed = rollout.set_of(self.done, self.unchecked, self.unsure)
  local words = { ("%d installations are updated"):format(#self.done) }
  if #self.unchecked > 0 then
    words[#words + 1] = "pushed, and not known to have ended well: " .. plain.list(self.unchecked)
  end
  if #self.unsure > 0 then
    words[#words + 1] = "it is unknown whether these were pushed: " .. plain.list(self.unsure)
  end
  if all then
    local left = 0
    for _, install in ipairs(all) do left = left + (pushed[install.id] and 0 or 1) end
    words[#words + 1] = ("%d were not pushed"):format(left)
  end
  return table.concat(words, "; ")
end

-- }======

--- The ids of several arrays as a set.
function rollout.set_of(...)
  local set = {}
  for _, ids in ipairs { ... } do
    for _, id in ipairs(ids) do set[id] = true end
  end
  return set
end

-- {====== The install base

--- The installations, each { id, name, version, busy }; by id; and how many
-- have no integration id. `busy` is nil where the service does not tell.
function rollout.installed(client, connector)
  local list, by_id, without = {}, {}, 0
  for record in client:each_connector_install(connector) do
    local id = records.integration(record)
    if not id then
      without = without + 1
    elseif not by_id[id] then
      local busy = record.updateInProgress
      local install = { id = id, name = records.text(record, "name"), version = records.text(record, "version") }
      if type(busy) == "boolean" then install.busy = busy end
      list[#list + 1], by_id[id] = install, install
    end
  end
  return list, by_id, without
end

-- }======

-- {====== The plan

--- Arrays of ids: the canaries, then the rest by `size`; without what is
-- pushed.
function rollout.plan(all, canaries, size, pushed)
  local waves, wave = { {} }, {}
  local is_canary = rollout.set_of(canaries)
  for _, id in ipairs(canaries) do
    if not pushed[id] then table.insert(waves[1], id) end
  end
  for _, install in ipairs(all) do
    local id = install.id
    if not pushed[id] and not is_canary[id] then
      wave[#wave + 1] = id
      if #wave == size then waves[#waves + 1], wave = wave, {} end
    end
  end
  if #wave > 0 then waves[#waves + 1] = wave end
  if #waves[1] == 0 then table.remove(waves, 1) end
  return waves
end

-- }======

return rollout

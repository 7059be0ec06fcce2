--- Iterators: records and pages of lists of any length.
--
-- A walk holds at most two page calls: the one that is consumed and the one
-- that was asked for ahead. What is fast (decoding a record, reading a Link
-- header) is C; this file decides which page is next.

local core = require "celigo.core"

local Walk = {}
Walk.__index = Walk
Walk.__name = "celigo.walk"

-- Whether a failed page that was asked for ahead deserves a try of its own:
-- nobody was there to help it along.
local function lost_ahead(err)
  return err.kind == "network" or err.kind == "timeout"
end

--- Frees the page at hand and whatever is on its way.
function Walk:close()
  self.done = true
  if self.cursor then self.cursor:close() end
  if self.call then self.call:cancel() end
  if self.ahead then self.ahead:cancel() end
  self.cursor, self.call, self.ahead = nil, nil, nil
end

Walk.__close = Walk.close

-- Ends the walk with an error that tells which page it was.
function Walk:fail(err)
  err.page = self.target
  self:close()
  error(err, 0)
end

-- The text of the page at hand is broken: some of its records are out already.
function Walk:fail_text(message)
  local err = core.page_error(self.call, "decode", "invalid_json", message)
  err.delivered = self.cursor:given()
  self:fail(err)
end

-- Where the next page is, by the head of the page at hand or by its body.
function Walk:next_target()
  local target, wrong = core.next_target(self.call)
  if not target and not wrong and self.reference then
    target, wrong = core.resolve(self.call, self.reference)
  end
  if target and self.seen[target] then wrong = "its next link leads to a page that was visited already" end
  if wrong then return nil, wrong end
  return target
end

-- Asks for the next page, as soon as it is known which one that is.
function Walk:look_ahead()
  if not self.prefetch or self.ahead then return end
  local target = self:next_target()
  if not target then return end
  self.ahead = core.follow(self.call, target)
  core.start(self.ahead, true)
end

-- Waits for the page at hand; asks for the next one meanwhile.
function Walk:receive()
  local state, err = core.await(self.call)
  if state == "head" then
    self:look_ahead()
    state, err = core.await(self.call)
  end
  return state, err
end

-- A page that was asked for ahead may have been lost while nobody waited.
function Walk:receive_again(target, asked_ahead)
  local state, err = self:receive()
  if not state and asked_ahead and lost_ahead(err) then
    if self.ahead then self.ahead:cancel() end
    self.ahead = nil
    self.call = core.follow(self.call, target)
    core.start(self.call)
    state, err = self:receive()
  end
  return state, err
end

-- The call of the next page, or nil at the end of the list.
function Walk:next_call()
  if self.first then
    local call = self.first
    self.first = nil
    core.start(call)
    return call, false
  end
  local target, wrong = self:next_target()
  if wrong then
    self:fail(core.page_error(self.call, "pagination", "bad_next_link", wrong))
  end
  if not target then return nil end
  local ahead = self.ahead
  self.ahead = nil
  if ahead and core.target(ahead) == target then return ahead, true end
  if ahead then ahead:cancel() end -- a repeated answer had another link
  local call = core.follow(self.call, target)
  core.start(call)
  return call, false
end

--- Goes to the next page.
-- @treturn ?celigo.cursor a cursor over its records, or nil at the end
function Walk:advance()
  if self.done then return nil end
  if self.cursor then self.cursor:close() end -- its text goes before more comes
  self.cursor = nil
  local call, asked_ahead = self:next_call()
  if not call then
    self:close()
    return nil
  end
  self.call, self.target, self.reference = call, core.target(call), nil
  self.seen[self.target] = true
  local state, err = self:receive_again(self.target, asked_ahead)
  if not state then self:fail(err) end
  local good, cursor, reference = pcall(core.cursor, self.call)
  if not good then
    if type(cursor) ~= "table" then error(cursor, 0) end
    self:fail(cursor)
  end
  self.cursor, self.reference = cursor, reference
  self:look_ahead()
  return cursor
end

-- Makes a walk; wrong arguments raise with the user's position.
local function new_walk(client, name, ...)
  local prefetch = true
  local arguments = table.pack(...)
  local options = arguments[arguments.n]
  if type(options) == "table" and options.prefetch ~= nil then
    if type(options.prefetch) ~= "boolean" then
      error(("option 'prefetch': expected a boolean, got %s"):format(tostring(options.prefetch)), 3)
    end
    local rest = {}
    for k, v in pairs(options) do rest[k] = v end
    prefetch, rest.prefetch = options.prefetch, nil
    arguments[arguments.n] = rest
  end
  local good, call = pcall(core.fetch, client, name, table.unpack(arguments, 1, arguments.n))
  if not good then error(call, 3) end
  return setmetatable({ first = call, prefetch = prefetch, seen = {} }, Walk)
end

local function records(walk)
  return core.records(walk, Walk.advance, Walk.fail_text), nil, nil, walk
end

local methods = core.methods

--- Every record of any list endpoint, page after page, one at a time.
-- Raises an error object where a page fails; its `page` is where to go on.
-- @function each
-- @tparam table request `path`, and the per-call options; `prefetch = false`
--   asks for a page only when the one before is consumed
-- @return for a generic `for`: each record
-- @usage for flow in client:each { path = "/v1/flows" } do print(flow.name) end
function methods.each(client, request)
  return records(new_walk(client, nil, request))
end

--- Every page of any list endpoint.
-- @function pages
-- @tparam table request as for `each`
-- @return for a generic `for`: an array of records, and the response
-- @usage for page, response in client:pages { path = "/v1/flows" } do print(#page) end
function methods.pages(client, request)
  local walk = new_walk(client, nil, request)
  local function next_page()
    local cursor = walk:advance()
    if not cursor then return nil end
    local page, message = cursor:rest()
    if not page then walk:fail_text(message) end
    return page, core.response(walk.call, (walk:next_target()))
  end
  return next_page, nil, nil, walk
end

--- Every connector of the account.
-- @function each_connector
-- @tparam[opt] table options the per-call options and `prefetch`
-- @usage for connector in client:each_connector() do print(connector.name) end
function methods.each_connector(client, options)
  return records(new_walk(client, "list_connectors", options))
end

--- Every license of a connector.
-- @function each_connector_license
-- @tparam string id the connector's
-- @tparam[opt] table options the per-call options and `prefetch`
-- @usage for license in client:each_connector_license(id) do print(license.expires) end
function methods.each_connector_license(client, id, options)
  return records(new_walk(client, "list_connector_licenses", id, options))
end

--- Every installation of a connector.
-- @function each_connector_install
-- @tparam string id the connector's
-- @tparam[opt] table options the per-call options and `prefetch`
-- @usage for install in client:each_connector_install(id) do print(install._integrationId) end
function methods.each_connector_install(client, id, options)
  return records(new_walk(client, "get_connector_install_base", id, options))
end

--- Prism, another project's judge of what the service's contract allows, in a
-- process of its own. scripts/prism.sh installs it.

local process = require "spec.support.process"

local prism = {}

local PROGRAM = "build/prism/node_modules/.bin/prism"
local CONTRACT = "spec/contract/connectors.openapi.json"
local READY = "Prism is listening on (http://127%.0%.0%.1:%d+)"

local function start(...)
  local words = { PROGRAM, ... }
  local self, output = process.start(words, READY)
  if not self then error(table.concat(words, " ") .. "\n" .. output, 0) end
  self.url = self.captures[1]
  return self
end

--- Starts a server that answers with examples made from the contract, and
-- with an error to a request that the contract does not allow.
function prism.mock()
  return start("mock", "--errors", "--port", "0", CONTRACT)
end

--- Starts a proxy to another server that lets pass only what the contract
-- allows, requests and answers alike.
function prism.proxy(url)
  return start("proxy", "--errors", "--port", "0", CONTRACT, url)
end

return prism

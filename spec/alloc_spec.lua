-- Runs the C host whose allocator refuses (spec/c/test_alloc.c) against a
-- sandbox.

local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"

describe("memory that is refused", function()
  it("is Lua's memory error, whatever was under way", function()
    local server <close> = assert(sandbox.start {})
    local host = assert(process.start(process.program("test_alloc", server.url)))
    local status, output = host:wait()
    assert.equal(0, status, output)
    assert.is_truthy(output:find("%d+ passed, 0 failed"), output)
  end)
end)

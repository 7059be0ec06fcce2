-- The children of specs: none outlives its `stop`.

local process = require "spec.support.process"
local function start(code)
  return assert(process.start({ "sh", "-c", code }, "^(ready)$"))
end

describe("a child", function()
  it("that ignores TERM is killed", function()
    local child = start "trap '' TERM; echo ready; while :; do sleep 1; done"
    assert.equal(137, (child:stop()))
  end)
  it("that loses the first TERM gets another", function()
    local child = start "trap 'trap - TERM' TERM; echo ready; while :; do sleep .1; done"
    assert.equal(143, (child:stop()))
  end)
end)

-- The children of specs: none outlives its `stop`.

local process = require "spec.support.process"
describe("a child", function()
  it("that ignores TERM is killed", function()
    local child = assert(process.start({ "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done" }, "^(ready)$"))
    assert.equal(137, (child:stop()))
  end)
  it("that loses the first TERM gets another", function()
    local child = assert(process.start({ "sh", "-c", "trap 'trap - TERM' TERM; echo ready; while :; do sleep .1; done" }, "^(ready)$"))
    assert.equal(143, (child:stop()))
  end)
end)

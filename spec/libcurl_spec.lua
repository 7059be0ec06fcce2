-- A libcurl that is too old, or was built without something that the client
-- needs, is told by celigo.new, not by every call.

local process = require "spec.support.process"

describe("a libcurl that lacks something", function()
  for _, row in ipairs {
    { "old", "a version that is no longer taken" },
    { "plain", "TLS" },
    { "options", "an option that the client sets" },
  } do
    it("is refused: " .. row[2], function()
      local host = assert(process.start(process.program("test_libcurl", row[1])))
      local status, output = host:wait()
      assert.is_truthy(output:find "%f[%d][1-9]%d* passed, 0 failed$", output)
      assert.equal(0, status, output)
    end)
  end
end)

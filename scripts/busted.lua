-- Busted under the interpreter that runs this file, wherever its own script
-- is and whatever interpreter that names.
-- luv cannot be opened again once it has been collected, which would happen
-- to it between spec files: here it stays.
pcall(require, "luv")
require "busted.runner" { standalone = false }

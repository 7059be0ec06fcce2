-- Busted under the interpreter that runs this file, wherever its own script
-- is and whatever interpreter that names.
require "busted.runner" { standalone = false }

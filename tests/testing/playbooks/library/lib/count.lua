-- SPDX-License-Identifier: MIT
-- How often something was done.
local total = 0
local function one() total = total + 1 end
local function never_called() total = 0 end
return { one = one, total = function() return total end, never_called = never_called }

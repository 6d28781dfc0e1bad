-- SPDX-License-Identifier: MIT
-- A value that only a person knows: asked for, checked, asked for again, and never guessed.
playbook {
  name = "ask-a-value", version = "1.0.0", owner = "ops",
  summary = "Tell people when the provider says it will be back.",
  may_change = { "notify" },
  params = {},
  changelog = { ["1.0.0"] = "First version" },
}

-- "2h" or "45m" as a text, or nil after three tries.
local function ask_how_long()
  local question = "How long does the provider say it takes? Like 45m or 2h"
  for _ = 1, 3 do
    local answer = ask { question, by = "lead", deadline = "10m" }
    if not answer.yes then return nil, answer.how end
    local said = string.match(answer.text, "^%s*(%d+[mh])%s*$")
    if said then return said end
    question = "\"" .. string.sub(answer.text, 1, 40) .. "\" is no time. How long does it take? Like 45m or 2h"
  end
  return nil, "not understood"
end

function main()
  step "Ask"
  local takes, why = ask_how_long()

  step "Tell"
  notify("team", "estimate", { takes = takes })         -- no answer is said as such
  finish(takes and "told" or "told_without", takes or why)
end

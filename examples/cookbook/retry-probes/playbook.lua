-- SPDX-License-Identifier: MIT
-- A look that failed is tried again, a little later each time; an act never is.
playbook {
  name = "retry-probes", version = "1.0.0", owner = "ops",
  summary = "Read the state of the provider, and tell the team.",
  may_change = { "notify" },
  params = { url = param.string "Its status page" { default = "https://status.example.net/api" } },
  changelog = { ["1.0.0"] = "First version" },
}

function main(p)
  step "What does the provider say?"
  local read, status = pcall(retry, { times = 4, backoff = "5s..1m" }, function()
    local answer = http.get(p.url, { timeout = "5s" })
    if not answer.ok then error(answer.why, 0) end     -- a probe never raises: say yourself what is worth another try
    return answer.json.state
  end)
  if not read then finish("unknown", tostring(status)) end

  step "Tell"                                          -- an act stands behind the retry, never inside it
  notify("team", "provider-says", { state = status })
  finish("told", status)
end

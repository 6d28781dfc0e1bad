-- An answer that nobody gives
playbook {
  name = "verdict-how", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local a = approve { "Move it?", by = "lead", deadline = "10m" }
  if a.how == "denied" then finish("no") end -- expect: unknown-verdict @ "denied"
  finish(a.how, p.domain)
end

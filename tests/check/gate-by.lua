-- A question to nobody
playbook {
  name = "gate-by", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local a = approve { "Move it?", deadline = "10m" } -- expect: gate-by @ approve
  finish(a.how, p.domain)
end

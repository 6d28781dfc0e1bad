-- Allowing a rule that there is none of
playbook {
  name = "allow-unknown", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  step "x" -- muster: allow unused-locl: why not  -- expect: bad-allow @ --
  finish("done", p.domain)
end

-- Allowing an error
playbook {
  name = "allow-error", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  sleep "soon" -- muster: allow bad-duration: it looks nice  -- expect: bad-duration @ "soon"  -- expect: bad-allow @ --
  finish("done", p.domain)
end

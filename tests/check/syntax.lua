-- A block that is never closed
playbook { name = "syntax" }
function main(p)
  if p.x then
    finish("x")
end
-- expect: syntax eof

"use strict";
// Runs before the picture is read: hidden until its size is set, it is laid out only once.

document.documentElement.classList.add("loading");
window.addEventListener("error", () => document.documentElement.classList.remove("loading"));

"""Result, prints, public record and audit of a draw."""

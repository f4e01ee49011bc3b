"""Result, printed documents, public record and audit of a draw."""

package main

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"golang.org/x/crypto/bcrypt"
	"gorm.io/gorm"
)

// server has what the handlers share.
type server struct {
	db       *gorm.DB
	settings config
	key      []byte
}

func newServer(db *gorm.DB, settings config, key []byte) *echo.Echo {
	s := &server{db, settings, key}
	e := echo.New()
	e.HideBanner = true
	e.Use(middleware.Recover(), middleware.BodyLimit("64K"))
	e.GET("/healthz", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
	e.GET("/greeting", func(c echo.Context) error {
		return c.JSON(http.StatusOK, echo.Map{"greeting": s.settings.Greeting})
	})
	e.POST("/signup", s.signup)
	e.POST("/login", s.login)
	notes := e.Group("/notes", s.authenticated)
	notes.GET("", s.list)
	notes.POST("", s.create)
	return e
}

type account struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

func (s *server) signup(c echo.Context) error {
	var given account
	if err := c.Bind(&given); err != nil {
		return err
	}
	if given.Name == "" || len(given.Name) > 64 || len(given.Password) < 8 || len(given.Password) > 72 {
		return echo.NewHTTPError(http.StatusBadRequest, "a name, and a password of 8 to 72 bytes")
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(given.Password), bcrypt.DefaultCost)
	if err != nil {
		return err
	}
	err = s.db.WithContext(c.Request().Context()).Create(&User{Name: given.Name, Password: hash}).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return echo.NewHTTPError(http.StatusConflict, "this name is taken")
	}
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusCreated)
}

func (s *server) login(c echo.Context) error {
	var given account
	if err := c.Bind(&given); err != nil {
		return err
	}
	var user User
	found := s.db.WithContext(c.Request().Context()).Where("name = ?", given.Name).Limit(1).Find(&user)
	if found.Error != nil {
		return found.Error
	}
	if found.RowsAffected == 0 || bcrypt.CompareHashAndPassword(user.Password, []byte(given.Password)) != nil {
		return echo.NewHTTPError(http.StatusUnauthorized, "wrong name or password")
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Subject:   user.Name,
		ExpiresAt: jwt.NewNumericDate(time.Now().Add(s.settings.TokenLifetime)),
	}).SignedString(s.key)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, echo.Map{"token": token})
}

// authenticated lets requests with a valid token through, whose subject is the owner.
func (s *server) authenticated(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		text, _ := strings.CutPrefix(c.Request().Header.Get(echo.HeaderAuthorization), "Bearer ")
		var claims jwt.RegisteredClaims
		_, err := jwt.ParseWithClaims(text, &claims, func(*jwt.Token) (any, error) { return s.key, nil },
			jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
		if err != nil {
			return echo.NewHTTPError(http.StatusUnauthorized, "log in first")
		}
		c.Set("owner", claims.Subject)
		return next(c)
	}
}

func (s *server) list(c echo.Context) error {
	notes := []Note{}
	query := s.db.WithContext(c.Request().Context()).Where("owner = ?", c.Get("owner")).Order("id DESC").Limit(100)
	if err := query.Find(&notes).Error; err != nil {
		return err
	}
	return c.JSON(http.StatusOK, notes)
}

func (s *server) create(c echo.Context) error {
	var given struct {
		Text string `json:"text"`
	}
	if err := c.Bind(&given); err != nil {
		return err
	}
	if given.Text == "" || len(given.Text) > 2000 {
		return echo.NewHTTPError(http.StatusBadRequest, "a text of at most 2000 bytes")
	}
	note := Note{Owner: c.Get("owner").(string), Text: given.Text}
	if err := s.db.WithContext(c.Request().Context()).Create(&note).Error; err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, note)
}
